"""The peers as servers, with the same domains and services as Waypost."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.automx2.releases import environment
from tests.servers.requirements import program
from tests.servers.waypost import free_port

from bench.cases import AUTOMX2, GUNICORN, KOA
from bench.materials import Materials
from bench.peers.installed import AUTOMX2 as AUTOMX2_FOLDER
from bench.peers.installed import KOA as KOA_FOLDER
from bench.peers.installed import SOURCE, missing_automx2, missing_koa
from bench.programs import Place, Started, running


@dataclass(frozen=True, slots=True)
class Command:
    """How a peer is started: the command and its variables."""

    words: Sequence[str]
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server.

    Attributes:
        name: its name in the table.
        missing: returns why it cannot run, or an empty text.
        command: returns its command for a folder, the files of the cases, and a port.
        in_child: whether a child of its first process answers.
    """

    name: str
    missing: Callable[[], str]
    command: Callable[[Path, Materials, int], Command]
    in_child: bool = False

    @contextmanager
    def start(self, place: Place) -> Iterator[Started]:
        """Run the peer in a place."""
        port = free_port()
        command = self.command(place.folder, place.materials, port)
        with running(command.words, place, command.environment, port) as started:
            yield replace(started, in_child=self.in_child)


def _flask(folder: Path, materials: Materials, port: int) -> Command:
    words = [f"{AUTOMX2_FOLDER / 'bin/python'}", "-m", "flask", "run", "--host", "127.0.0.1"]
    return Command([*words, "--port", f"{port}"], _automx2(folder, materials))


def _gunicorn(folder: Path, materials: Materials, port: int) -> Command:
    words = [f"{AUTOMX2_FOLDER / 'bin/python'}", "-m", "gunicorn", "--workers", "1"]
    words += ["--bind", f"127.0.0.1:{port}", "automx2.server:app"]
    return Command(words, _automx2(folder, materials))


def _automx2(folder: Path, materials: Materials) -> dict[str, str]:
    return environment(f"sqlite:///{materials['automx2']}", folder / "automx2.conf")


def _koa(folder: Path, materials: Materials, port: int) -> Command:
    variables = {
        "DOMAINS": f"{materials['domains']}",
        "HOME": f"{folder}",
        "NODE_ENV": "production",
        "NODE_PATH": f"{KOA_FOLDER / 'node_modules'}",
        "PATH": os.environ["PATH"],
        "PORT": f"{port}",
    }
    return Command([program("node"), f"{SOURCE / 'koa/app.js'}"], variables)


PEERS: Final = (
    Peer(AUTOMX2, missing_automx2, _flask),
    Peer(GUNICORN, missing_automx2, _gunicorn, in_child=True),
    Peer(KOA, missing_koa, _koa),
)
