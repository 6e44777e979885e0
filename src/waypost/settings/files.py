"""Find the settings file, and read it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from waypost.runtime.regular_file import read_regular_file, reason_of
from waypost.settings.automx2 import from_automx2
from waypost.settings.option import Option
from waypost.settings.sources import SourceContent, from_toml

MAX_BYTES: Final = 1024 * 1024
"""A larger file is not a settings file."""

Reader = Callable[[Path, str], SourceContent]


def from_file(
    table: tuple[Option, ...], environ: Mapping[str, str], cwd: Path, home: Path, etc: Path
) -> tuple[Path | None, SourceContent]:
    """Read the first settings file that exists; return its path and its content."""
    config_home = Path(environ.get("XDG_CONFIG_HOME", ""))
    user_folder = config_home if config_home.is_absolute() else home / ".config"
    read_own = partial(from_toml, table)
    warnings = []
    own_path = environ.get("WAYPOST_CONFIG", "")
    if own_path:
        path = expand_path(own_path, cwd, home)
        if not _file_exists(path):
            return None, SourceContent(problems=[f"WAYPOST_CONFIG: there is no file {path}"])
        return path, _read(path, read_own)
    if automx2_path := environ.get("AUTOMX2_CONF", ""):
        path = expand_path(automx2_path, cwd, home)
        if _file_exists(path):
            return path, _read(path, from_automx2)
        # automx2 tries the next location without a warning.
        warnings.append(f"AUTOMX2_CONF: there is no file {path}; trying the other locations")
    folders = (etc / "waypost", etc / "automx2")
    warnings += [text for folder in folders if (text := _permission_warning(folder)) is not None]
    locations: list[tuple[Path, Reader]] = [
        *(
            (folder / "waypost.toml", read_own)
            for folder in (cwd, user_folder / "waypost", etc / "waypost")
        ),
        (home / ".automx2.conf", from_automx2),
        (etc / "automx2" / "automx2.conf", from_automx2),
        (etc / "automx2.conf", from_automx2),
    ]
    for path, reader in locations:
        if _file_exists(path):
            content = _read(path, reader)
            content.warnings[:0] = warnings
            return path, content
    return None, SourceContent(warnings=warnings)


def expand_path(text: str, folder: Path, home: Path) -> Path:
    """Return the absolute path of a text; `~` is the home, other paths are relative to a folder."""
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return folder / text


def _file_exists(path: Path) -> bool:
    """Return whether a file exists; a file in a folder without permission counts as missing."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _permission_warning(folder: Path) -> str | None:
    """Return a warning if this user has no permission to read a folder."""
    try:
        (folder / "waypost.toml").exists()
    except PermissionError:
        advice = _permission_advice(folder)
        return f"{folder}: permission denied, the files in it are not read; {advice}"
    return None


def _permission_advice(path: Path) -> str:
    """Return the owner of a file or a folder, and what to do."""
    try:
        owner = f"owner {path.owner()}, group {path.group()}"
    except (OSError, KeyError):
        owner = "`ls -l` shows its owner"
    return f"{owner}; run the command as a user with permission (runuser -u USER -- waypost ...)"


def _read(path: Path, reader: Reader) -> SourceContent:
    try:
        data = read_regular_file(path, MAX_BYTES)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return SourceContent(problems=[f"{path}: not UTF-8: byte {error.start} is wrong"])
    except PermissionError as error:
        return SourceContent(
            problems=[f"{path}: cannot be read: {error.strerror}; {_permission_advice(path)}"]
        )
    except OSError as error:
        return SourceContent(problems=[f"{path}: cannot be read: {reason_of(error)}"])
    if len(data) > MAX_BYTES:
        rule = f"is larger than {MAX_BYTES // 1024} KiB, which is too large for a settings file"
        return SourceContent(problems=[f"{path}: {rule}"])
    return reader(path, text)
