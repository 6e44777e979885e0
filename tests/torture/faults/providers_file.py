"""A providers file that is replaced by bad and good ones."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.torture.attack import Figure
from tests.torture.deployment import FILE_NAME, with_file
from tests.torture.fault import NOTHING, OUTDATED, Fault, Trial

# The file is checked twice a second, and is read after two checks agree.
_FOLLOWS_SECONDS: Final = 5.0
_REJECTED: Final = "providers file rejected; keeping the previous version"


def _replace_by_bad(trial: Trial) -> list[Figure]:
    """Replace the file by each bad one, and then by the good one."""
    good = trial.deployment.providers.encode()
    path = trial.deployment.server.folder / FILE_NAME
    lines = trial.deployment.server.log_text().count(_REJECTED)
    for make in _BAD:
        make(path, good)
        time.sleep(max(1.6, trial.seconds / len(_BAD)))
    _put(path, good)
    logged = trial.deployment.server.log_text().count(_REJECTED) - lines
    return [Figure("bad files in the log", logged, "", len(_BAD), at_least=True)]


def _replace_by_good(trial: Trial) -> list[Figure]:
    """Change the file twice: at once, and in place as some editors do."""
    path = trial.deployment.server.folder / FILE_NAME

    def at_once() -> None:
        _put(path, trial.deployment.providers.encode())

    def in_place() -> None:
        with path.open("wb", buffering=0) as file:
            text = trial.deployment.providers.encode()
            file.write(text[:100])
            time.sleep(0.2)
            file.write(text[100:])

    return [trial.change(at_once, _FOLLOWS_SECONDS), trial.change(in_place, _FOLLOWS_SECONDS)]


def _put(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def _remove(path: Path, _good: bytes) -> None:
    path.unlink()


def _put_pipe(path: Path, _good: bytes) -> None:
    new = path.with_suffix(".new")
    os.mkfifo(new)
    new.replace(path)


_BAD: Final[tuple[Callable[[Path, bytes], None], ...]] = (
    lambda path, good: _put(path, good[: len(good) // 2]),
    lambda path, good: _put(path, good.replace(b"domains", b"domain_names")),
    lambda path, _good: _put(path, b"\xff\xfe\x00"),
    lambda path, _good: _put(path, b""),
    _remove,
    _put_pipe,
)

FAULTS = (
    Fault(
        "the providers file is replaced by a bad one",
        with_file,
        _replace_by_bad,
        NOTHING,
        (_REJECTED, "providers file loaded"),
        5,
    ),
    Fault(
        "the providers file is replaced by a good one",
        with_file,
        _replace_by_good,
        OUTDATED,
        ("providers file loaded",),
        5,
    ),
)
