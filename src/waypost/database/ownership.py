"""Checks whether this process may use a SQLite file, which another user may own.

SQLite writes its own files next to the database. If root creates them, or the database itself, in
the folder of the service's user, the service can no longer write.
"""

import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from waypost.core.errors import StoreError

# https://www.sqlite.org/tempfiles.html
_FILE_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")
_ROOT: Final = 0
# linux/limits.h: PATH_MAX counts a NUL at the end. SQLite's own files have up to eight bytes more.
_PATH_MAX_BYTES: Final = 4096
_NAME_MAX_BYTES: Final = 255 - len("-journal")


def file_of_uri(name: str, query: Mapping[str, object]) -> str:
    """Return the path in SQLite's own form of a URI, or an empty text if there is none.

    A database in memory has no path.

    Args:
        name: as `file:/var/lib/mail.sqlite`, perhaps with a query (https://sqlite.org/uri.html).
        query: further parameters.
    """
    parts = urlsplit(name)
    modes = {*parse_qs(parts.query).get("mode", ()), query.get("mode")}
    is_file = parts.scheme == "file" and parts.path != ":memory:" and "memory" not in modes
    return unquote(parts.path) if is_file else ""


def check_readable(path: Path) -> None:
    """Refuse a SQLite file that exists and that this process cannot read.

    Raises:
        StoreError: names the file or the folder, its owner, and what to do.
    """
    for folder in (*reversed(path.parents), *reversed(_real_path(path).parents)):
        if folder.is_dir() and not _has_access(folder, os.X_OK):
            raise StoreError(f"db_uri: {_describe_denial(folder, 'enter')}")
    if path.exists() and not _has_access(path, os.R_OK):
        raise StoreError(f"db_uri: {_describe_denial(path, 'read')}")


def check_writable(path: Path) -> None:
    """Refuse a SQLite file that this process cannot write, or that is not root's if it is root.

    Raises:
        StoreError: names the file or the folder, its owner, and what to do.
    """
    check_readable(path)
    if (problem := write_problem(path)) is not None:
        raise StoreError(f"db_uri: {problem}")


def write_problem(path: Path) -> str | None:
    """Return why this process should not write a SQLite file, and what to do; None if it may."""
    for target in _targets(_real_path(path)):
        owner = target.stat().st_uid
        if os.geteuid() == _ROOT and owner != _ROOT:
            return (
                f"{_describe_owner(target)}, but this process runs as root, and {_name(owner)} "
                f"could not write the files that root creates; {_fix(target, owner)}"
            )
        if not _has_access(target, os.W_OK | (os.X_OK if target.is_dir() else 0)):
            if os.statvfs(target).f_flag & os.ST_RDONLY:
                return (
                    f"{target} is on a file system that is read-only here; in a systemd unit with "
                    f"ProtectSystem=strict add ReadWritePaths={_folder(target)}"
                )
            return _describe_denial(target, "write")
    return None


def is_writable(path: Path) -> bool:
    """Return whether this process may write a SQLite file and SQLite's own files next to it."""
    return all(
        _has_access(target, os.W_OK | (os.X_OK if target.is_dir() else 0))
        for target in _targets(_real_path(path))
    )


def check_name(path: str) -> None:
    """Refuse a path that no file can have.

    Raises:
        StoreError: the message says why.
    """
    if "\0" in path:
        raise StoreError("db_uri: the path of the database contains a NUL character (%00)")
    parts = os.fsencode(path).split(b"/")
    if len(os.fsencode(path)) >= _PATH_MAX_BYTES or max(map(len, parts)) > _NAME_MAX_BYTES:
        raise StoreError(
            f"db_uri: the path of the database is too long: a name has at most {_NAME_MAX_BYTES} "
            f"bytes, and a path {_PATH_MAX_BYTES - 1}"
        )


def _targets(path: Path) -> Iterator[Path]:
    """Yield what would be written: the files that exist, and the folder for the others."""
    for end in _FILE_SUFFIXES:
        if (file := path.with_name(f"{path.name}{end}")).exists():
            yield file
    folder = next(parent for parent in path.parents if parent.exists())
    if folder.is_dir():  # If it is not a folder, opening the file fails with an error that says so.
        yield folder


def _real_path(path: Path) -> Path:
    """Return the target of symbolic links: SQLite creates the file, and its own files, there."""
    return Path(os.path.realpath(path))


def _has_access(path: Path, mode: int) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(path, mode, effective_ids=effective)


def _describe_denial(path: Path, verb: str) -> str:
    owner = path.stat().st_uid
    user = _name(os.geteuid())
    return f"{_describe_owner(path)}, and {user} cannot {verb} it; {_fix(path, owner)}"


def _describe_owner(path: Path) -> str:
    return (
        f"the {'folder' if path.is_dir() else 'file'} {path} belongs to {_name(path.stat().st_uid)}"
    )


def _fix(path: Path, owner: int) -> str:
    user = _name(os.geteuid())
    return (
        f"run the command as {_name(owner)} (runuser -u {_name(owner)} -- waypost ...), "
        f"correct the path in db_uri, or, if no service uses it, change the owner "
        f"(chown {user} {path})"
    )


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"{user}"
