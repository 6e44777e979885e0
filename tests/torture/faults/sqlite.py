"""A SQLite file on a disk that is full or read-only, and a file that is replaced."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import program
from tests.torture.attack import Figure
from tests.torture.deployment import (
    FILE_NAME,
    SQLITE_NAME,
    command_environment,
    fill,
    providers_text,
    with_sqlite,
)
from tests.torture.fault import OUTDATED, REPEATED, STALE_DOMAINS, Fault, Trial

_REFUSED: Final = 2
# `cache_ttl` is a second here, and each worker has its own cache.
_FOLLOWS_SECONDS: Final = 5.0


def _fill_disk(trial: Trial) -> list[Figure]:
    """Fill the disk, try to change the database, and change it after there is room again."""
    ballast = _data(trial) / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    code = _apply_other(trial)
    _replace_worker(trial)
    time.sleep(trial.seconds / 2)
    ballast.unlink()
    return [_refused(code), trial.change(lambda: _apply_successfully(trial), _FOLLOWS_SECONDS)]


def _make_read_only(trial: Trial) -> list[Figure]:
    """Make the disk read-only, and start a worker that knows nothing but this disk."""
    server, place = trial.deployment.server, f"{_place(trial)}"
    # The kernel refuses this for a file system with files that are open for writing, so another
    # mount of the same file system is in front of it.
    assert server.run_inside("mount", "--bind", place, place) == 0
    assert server.run_inside("mount", "-o", "remount,bind,ro", place) == 0
    code = _apply_other(trial)
    _replace_worker(trial)
    time.sleep(trial.seconds / 2)
    # The worker has files open there, which stay open.
    assert server.run_inside("umount", "--lazy", place) == 0
    return [_refused(code)]


def _replace(trial: Trial) -> list[Figure]:
    """Move another database to the place of the file, as after a restore of a backup."""
    return [trial.change(lambda: _move_new(trial), _FOLLOWS_SECONDS)]


def _spoil(trial: Trial) -> list[Figure]:
    """Remove the file, replace it by a text, and then by another database."""
    file = _data(trial) / SQLITE_NAME
    kept = _data(trial) / "kept"
    # SQLite follows /proc/PID/root to the file systems of this process.
    backup = [program("sqlite3"), f"{_place(trial) / SQLITE_NAME}", f".backup {_place(trial)}/kept"]
    assert trial.deployment.server.run_inside(*backup) == 0
    file.unlink()
    time.sleep(trial.seconds / 2)
    text = _data(trial) / "text"
    text.write_text("no database\n" * 1000, encoding="ascii")
    text.replace(file)
    time.sleep(trial.seconds / 2)
    _restore(trial, kept)
    return []


def _place(trial: Trial) -> Path:
    return trial.deployment.server.folder / "data"


def _data(trial: Trial) -> Path:
    """Return the folder of the database, as this process sees it."""
    return trial.deployment.server.inside(_place(trial))


def _apply(trial: Trial) -> int:
    """Write the providers file into the database, and return the exit code."""
    server = trial.deployment.server
    return server.run_inside(
        *(sys.executable, "-m", "waypost", "apply", f"{server.folder / FILE_NAME}"),
        environment=command_environment(f"sqlite:///{_place(trial) / SQLITE_NAME}"),
    )


def _apply_other(trial: Trial) -> int:
    """Write a file that would change all answers into the database, and return the exit code."""
    path = trial.deployment.server.folder / FILE_NAME
    other = providers_text("never.example", has_directory=False)
    path.write_text(other, encoding="utf-8")
    return _apply(trial)


def _write_file(trial: Trial) -> Path:
    path = trial.deployment.server.folder / FILE_NAME
    path.write_text(trial.deployment.providers, encoding="utf-8")
    return path


def _apply_successfully(trial: Trial) -> None:
    _write_file(trial)
    assert _apply(trial) == 0


def _move_new(trial: Trial) -> None:
    new = trial.deployment.server.folder / "new.sqlite"
    fill(f"sqlite:///{new}", _write_file(trial))
    # A rename replaces the file at once; this needs a copy on the same file system.
    shutil.copy(new, _data(trial) / "new.sqlite")
    new.unlink()
    _restore(trial, _data(trial) / "new.sqlite")


def _restore(trial: Trial, backup: Path) -> None:
    """Move a file to the place of the database, as docs/engines/sqlite.md says."""
    file = _data(trial) / SQLITE_NAME
    for suffix in ("-wal", "-shm"):
        file.with_name(f"{SQLITE_NAME}{suffix}").unlink(missing_ok=True)
    backup.replace(file)


def _refused(code: int) -> Figure:
    return Figure("exit code of waypost apply meanwhile", code, "", _REFUSED, at_least=True)


def _replace_worker(trial: Trial) -> None:
    """End a worker, and wait for the next one."""
    server = trial.deployment.server
    started = server.started_workers()
    os.kill(server.worker_processes()[0], signal.SIGTERM)
    _wait(lambda: server.started_workers() > started)


def _wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)


FAULTS = (
    Fault(
        "the disk of the SQLite file is full",
        with_sqlite,
        _fill_disk,
        {**OUTDATED, **REPEATED},
        (),
        5,
    ),
    Fault(
        "the disk of the SQLite file is read-only", with_sqlite, _make_read_only, REPEATED, (), 5
    ),
    Fault("the SQLite file is replaced", with_sqlite, _replace, OUTDATED, (), 5),
    Fault(
        "the SQLite file is lost or is no database",
        with_sqlite,
        _spoil,
        STALE_DOMAINS,
        ("store failed", "store answers again"),
        5,
    ),
)
