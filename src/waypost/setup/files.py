"""New files for the operator: each is written whole or not at all, and none replaces another."""

import grp
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from waypost.parsing.bounded_toml import TomlError, parse_toml
from waypost.runtime.regular_file import read_regular_file, reason_of

MAX_BYTES: Final = 1024 * 1024
_FOLDER_MODE: Final = 0o755
_PUBLIC_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that should exist.

    Attributes:
        path: absolute, as the programs of the machine see it.
        text: the whole content.
        purpose: what the file is, for people.
        mode: the permissions.
        group: the group of the file if the machine has this group; else everybody may read it.
        extends_comments: the text is added to the end of a TOML file that sets nothing.
        mark: a file that contains this text is accepted as it is, for example after certbot has
            changed it; empty to compare the whole content.
        other_paths: paths of files that do the same; if one exists, nothing is written.
    """

    path: PurePosixPath
    text: str
    purpose: str
    mode: int = _PUBLIC_MODE
    group: str = ""
    extends_comments: bool = False
    mark: str = ""
    other_paths: Sequence[PurePosixPath] = ()


class FileState(StrEnum):
    """What exists, and what was or would be done."""

    NEW = "new"
    EXTENDED = "extended"
    SAME = "same"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What was done about a file, or would be done by a dry run.

    Attributes:
        existing: the path of the file that exists, if there is one.
        reason: why the file could not be read or written.
    """

    file: PlannedFile
    state: FileState
    existing: PurePosixPath | None = None
    reason: str = ""

    @property
    def is_other_content(self) -> bool:
        """Return whether the file itself exists, with a content that was not planned."""
        return self.state is FileState.KEPT and self.existing == self.file.path


def local_path(root: Path, path: PurePosixPath) -> Path:
    """Return where a file of the machine is, if the machine's root is this folder."""
    return root / path.relative_to("/")


def check_file(root: Path, file: PlannedFile) -> FileResult:
    """Return what `write_file` would do, without a change."""
    for other in file.other_paths:
        if os.path.lexists(local_path(root, other)):
            return FileResult(file, FileState.KEPT, other)
    target = local_path(root, file.path)
    if not os.path.lexists(target):
        reason = folder_problem(target.parent)
        return FileResult(file, FileState.FAILED if reason else FileState.NEW, reason=reason)
    try:
        existing = read_regular_file(target, MAX_BYTES)
    except OSError as error:
        return FileResult(file, FileState.KEPT, file.path, reason_of(error))
    if _has_content(file, existing):
        return FileResult(file, FileState.SAME, file.path)
    if file.extends_comments and _has_only_comments(existing):
        reason = folder_problem(target.parent)
        return FileResult(
            file, FileState.FAILED if reason else FileState.EXTENDED, file.path, reason
        )
    return FileResult(file, FileState.KEPT, file.path)


def _has_content(file: PlannedFile, existing: bytes) -> bool:
    """Return whether a file has what is planned: the text, its end, or the mark."""
    text = file.text.encode()
    if existing == text or existing.endswith(b"\n" + text):
        return True
    return bool(file.mark) and file.mark.encode() in existing


def write_file(root: Path, file: PlannedFile) -> FileResult:
    """Write a file, unless another one exists; a failure is in the result.

    A new name appears only when the content is complete, so that no program reads half a file.
    """
    result = check_file(root, file)
    target = local_path(root, file.path)
    try:
        if result.state is FileState.NEW:
            _create_folders(target.parent)
            _create(root, target, file)
        elif result.state is FileState.EXTENDED:
            _extend(target, file)
    except FileExistsError:  # Another program was quicker.
        return check_file(root, file)
    except OSError as error:
        return FileResult(file, FileState.FAILED, reason=reason_of(error))
    return result


def folder_problem(folder: Path) -> str:
    """Return why no file can be created in a folder; empty if one can."""
    existing = folder
    while not os.path.lexists(existing):
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is not a folder"
    if not os.access(existing, os.W_OK | os.X_OK):
        is_read_only = os.statvfs(existing).f_flag & os.ST_RDONLY
        return f"{existing}: {'read-only file system' if is_read_only else 'permission denied'}"
    return ""


def sets_nothing(path: Path) -> bool:
    """Return whether a TOML file can be read and has only comments."""
    try:
        return _has_only_comments(read_regular_file(path, MAX_BYTES))
    except OSError:
        return False


def _has_only_comments(data: bytes) -> bool:
    if len(data) > MAX_BYTES:
        return False
    try:
        return not parse_toml(data.decode("utf-8-sig")).data
    except (UnicodeDecodeError, TomlError):
        return False


def _create_folders(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        with suppress(FileExistsError):
            one.mkdir()
            one.chmod(_FOLDER_MODE)  # whatever the umask is


def _create(root: Path, target: Path, file: PlannedFile) -> None:
    group = _group_id(file.group) if root == Path("/") else None
    mode = file.mode if group is not None or not file.group else _PUBLIC_MODE
    temporary = _write_temporary(target, file.text.encode(), mode, group)
    try:
        # rename() would replace a file; link() fails if there is one.
        os.link(temporary, target, follow_symlinks=False)
    finally:
        temporary.unlink()


def _extend(target: Path, file: PlannedFile) -> None:
    """Add the text to the end of a file, which keeps its owner and its permissions."""
    before, status = read_regular_file(target, MAX_BYTES), target.stat()
    separator = b"" if not before or before.endswith(b"\n") else b"\n"
    data = before + separator + b"\n" + file.text.encode()
    real = target.resolve()
    temporary = _write_temporary(real, data, status.st_mode & 0o7777, None)
    try:
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(temporary, status.st_uid, status.st_gid)
        temporary.replace(real)
    except OSError:
        temporary.unlink()
        raise


def _write_temporary(target: Path, data: bytes, mode: int, group: int | None) -> Path:
    # Web servers include `*.conf`; they ignore this name.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if group is not None:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink()
        raise
    return temporary


def _group_id(name: str) -> int | None:
    """Return the number of a group if this process may give it a file."""
    if not name or os.geteuid() != 0:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
