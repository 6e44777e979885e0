"""Finds the one file of settings that counts, and reads it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from waypost.regular_file import read_regular_file, reason_of
from waypost.settings.automx2 import from_automx2
from waypost.settings.option import Option
from waypost.settings.sources import Found, from_toml

MAX_BYTES: Final = 1024 * 1024
"""No file of settings needs as much."""

Reader = Callable[[Path, str], Found]


def from_file(
    table: tuple[Option, ...], environ: Mapping[str, str], cwd: Path, home: Path, etc: Path
) -> tuple[Path | None, Found]:
    """Find the one file that counts, and read it."""
    config_home = Path(environ.get("XDG_CONFIG_HOME", ""))
    user = config_home if config_home.is_absolute() else home / ".config"
    ours = partial(from_toml, table)
    warnings = []
    named = environ.get("WAYPOST_CONFIG", "")
    if named:
        path = inside(named, cwd, home)
        if not _visible(path):
            return None, Found(problems=[f"WAYPOST_CONFIG: there is no file {path}"])
        return path, _read(path, ours)
    if theirs := environ.get("AUTOMX2_CONF", ""):
        path = inside(theirs, cwd, home)
        if _visible(path):
            return path, _read(path, from_automx2)
        # automx2 goes on to the next place without a word.
        warnings.append(f"AUTOMX2_CONF: there is no file {path}; other places are tried")
    folders = (etc / "waypost", etc / "automx2")
    warnings += [text for folder in folders if (text := _closed(folder)) is not None]
    places: list[tuple[Path, Reader]] = [
        *((folder / "waypost.toml", ours) for folder in (cwd, user / "waypost", etc / "waypost")),
        (home / ".automx2.conf", from_automx2),
        (etc / "automx2" / "automx2.conf", from_automx2),
        (etc / "automx2.conf", from_automx2),
    ]
    for path, reader in places:
        if _visible(path):
            found = _read(path, reader)
            found.warnings[:0] = warnings
            return path, found
    return None, Found(warnings=warnings)


def inside(text: str, folder: Path, home: Path) -> Path:
    """Return the absolute path that a text means: `~` is the home, and the rest is in a folder."""
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return folder / text


def _visible(path: Path) -> bool:
    """Return whether there is something; what a closed folder holds is not there for us."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _closed(folder: Path) -> str | None:
    """Warn of a folder of the machine's configuration that this user cannot look into."""
    try:
        (folder / "waypost.toml").exists()
    except PermissionError:
        return f"{folder}: permission denied, so the files in it are not read; {_as_owner(folder)}"
    return None


def _as_owner(path: Path) -> str:
    """Say whose a file or a folder is, and what to do."""
    try:
        found = f"it belongs to {path.owner()}, group {path.group()}"
    except (OSError, KeyError):
        found = "look at its owner with `ls -l`"
    return f"{found}; run the command as a user who may read it (runuser -u USER -- waypost ...)"


def _read(path: Path, reader: Reader) -> Found:
    try:
        data = read_regular_file(path, MAX_BYTES)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Found(problems=[f"{path}: not UTF-8: byte {error.start} is wrong"])
    except PermissionError as error:
        return Found(problems=[f"{path}: cannot be read: {error.strerror}; {_as_owner(path)}"])
    except OSError as error:
        return Found(problems=[f"{path}: cannot be read: {reason_of(error)}"])
    if len(data) > MAX_BYTES:
        rule = f"is larger than {MAX_BYTES // 1024} KiB, so it is something else"
        return Found(problems=[f"{path}: {rule}"])
    return reader(path, text)
