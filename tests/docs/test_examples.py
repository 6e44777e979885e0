"""The examples of the documentation work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.page_pictures import LOGO
from tests.docs.pages import ROOT, Block, blocks, commands, pages
from tests.docs.shell import run_command
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import free_port
from waypost.providers_file.load import read_providers

RUN = [page for page in pages() if blocks(page, "sh") and page.is_relative_to(ROOT / "docs")]
RUN.append(ROOT / "README.md")
PROVIDERS = [block for page in pages() for block in blocks(page, "toml") if "[[" in block.text]
FOUND = {0, 1}  # 1 means findings, for example that a dry run would change something.


def _environment(home: Path) -> dict[str, str]:
    """Return the environment of an operator: a separate home, and `waypost` in the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "AUTOMX2_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "HOME": f"{home}", "PATH": path, "PYTHONPATH": f"{ROOT / 'src'}"}


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    return _with_files(tmp_path)


def _with_files(folder: Path) -> Path:
    """Write the files that the examples name into a folder, and return it."""
    (example,) = blocks(ROOT / "README.md", "toml")
    for name in ("mail.toml", "providers.toml"):
        (folder / name).write_text(example.text, encoding="utf-8")
    seed = (ROOT / "tests/importers/seeds/version-2.json").read_bytes()
    (folder / "seed.json").write_bytes(seed)
    (folder / "logo.svg").write_text(LOGO, encoding="utf-8")
    return folder


def _serve(home: Path, command: str, port: int) -> Process:
    return Process(
        ["bash", "-c", f"exec env {command}"],
        log=home / "serve.log",
        environment={**_environment(home), "WAYPOST_PORT": f"{port}", "WAYPOST_ADMIN_PORT": "0"},
        folder=home,
    )


@pytest.fixture(name="port")
def _port(home: Path) -> Iterator[int]:
    """Run a server that a test may change."""
    with _samples(home) as port:
        yield port


@pytest.fixture(name="shared_port", scope="module")
def _shared_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a server that no command of a page changes."""
    with _samples(_with_files(tmp_path_factory.mktemp("shared"))) as port:
        yield port


@contextmanager
def _samples(home: Path) -> Iterator[int]:
    """Run a server with the samples in a database, as `make serve` does."""
    port = free_port()
    done = _run(f"waypost apply --demo --db-uri sqlite:///{home}/served.sqlite", home, port)
    assert done.returncode == 0, done.stderr
    command = f"waypost serve --db-uri sqlite:///{home}/served.sqlite"
    with _serve(home, command, port) as process:
        process.wait_until(lambda: listens(port))
        yield port


@pytest.mark.parametrize("page", RUN, ids=lambda page: f"{page.relative_to(ROOT)}")
def test_commands_run(page: Path, home: Path, shared_port: int) -> None:
    """The commands of a page run one after the other without a change."""
    for block in blocks(page, "sh"):
        for command in commands(block):
            if "waypost serve" in command:
                own = free_port()
                with _serve(home, command, own) as process:
                    process.wait_until(lambda at=own: listens(at))  # type: ignore[misc]
                continue
            done = _run(command, home, shared_port)
            assert done.returncode in FOUND, f"{block.name}: {command}\n{done.stderr}"


def test_initdb_as_the_guide_says(home: Path, port: int) -> None:
    """The guide's commands fill and empty the database through `/initdb/`."""
    (block,) = (b for b in blocks(ROOT / "docs/guide.md", "console") if "initdb" in b.text)
    said = [_run(command, home, port).stdout for command in commands(block)]
    assert [line.strip() for line in said] == [
        "the database holds providers already; nothing was changed",
        "the database holds providers already; nothing was changed",
        "the database is now empty",
    ]


def test_each_client_family_has_a_curl(home: Path, shared_port: int) -> None:
    """Each curl of the README gets a usable document."""
    asked = [c for b in blocks(ROOT / "README.md", "sh") for c in commands(b) if "curl" in c]
    answers = [_run(command, home, shared_port).stdout for command in asked]
    assert len(answers) == 4
    assert "<username>alice@example.com</username>" in answers[0]
    assert "<username>%EMAILADDRESS%</username>" in answers[1]
    assert "<LoginName>alice@example.com</LoginName>" in answers[2]
    assert "<string>com.apple.mail.managed</string>" in answers[3]


@pytest.mark.parametrize("block", PROVIDERS, ids=lambda block: block.name)
def test_providers_files_are_good(block: Block, home: Path) -> None:
    """Every providers file in the documentation is read without an error or a warning."""
    result = read_providers(block.text, name=block.name, format="toml", folder=home)
    assert result.warnings == ()
    assert result.catalog.domains


def _run(command: str, home: Path, port: int) -> "subprocess.CompletedProcess[str]":
    """Run a command; its requests to port 4243 go to the server of the test."""
    command = command.replace("127.0.0.1:4243", f"127.0.0.1:{port}")
    return run_command(command, environment=_environment(home), folder=home)
