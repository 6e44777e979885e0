"""The command line in this process, in a folder and a home of its own."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from waypost.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Waypost = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that is home and working folder, with no setting from outside."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "AUTOMX2_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def waypost(home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Waypost:
    """Give a function that runs `waypost` with arguments."""
    assert home.is_dir()

    def run(*arguments: str | Path) -> Outcome:
        capsysbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Outcome(code, out.decode(), err.decode())

    return run
