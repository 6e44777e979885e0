"""One lookup in a file, step by step."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable, ProblemsError
from waypost.core.model import FileDirectory
from waypost.directory.entries import RequestedAttributes, requested_attributes, user_of
from waypost.directory.file.problems import first_problem
from waypost.directory.file.read_bytes import read_bytes
from waypost.directory.file.user_table import UserRecord
from waypost.directory.file.users import parse_users
from waypost.directory.step import Step
from waypost.runtime.file_stamp import file_stamp


def probe_file(directory: FileDirectory, address: EmailAddress) -> Iterator[Step]:
    """Read the file again, search one user in it, and yield each step."""
    path = Path(directory.path)
    started = time.perf_counter()
    try:
        data = read_bytes(path)
    except (DirectoryUnavailable, DirectoryError) as error:
        yield Step("file", False, str(error), {"path": str(path)}, _elapsed(started))
        return
    yield _file_step(path, len(data), started)
    started = time.perf_counter()
    try:
        table = parse_users(data, path)
    except ProblemsError as error:
        problems: dict[str, object] = {"problems": list(error.problems)}
        yield Step("lines", False, first_problem(error), problems, _elapsed(started))
        return
    counts = {"users": len(table), "columns": list(table.columns)}
    users = "1 user" if len(table) == 1 else f"{len(table):,} users"
    text = f"{users}; columns: {', '.join(table.columns) or 'none'}"
    yield Step("lines", True, text, counts, _elapsed(started))
    started = time.perf_counter()
    records = table.find(address)
    yield _entry_step(records, started)
    if len(records) == 1:
        yield _user_step(directory, records[0])


def _file_step(path: Path, size: int, started: float) -> Step:
    stamp = file_stamp(path)
    changed = None if stamp is None else datetime.fromtimestamp(stamp[3] / 1e9, UTC)
    changed_text = None if changed is None else changed.isoformat(timespec="seconds")
    details: dict[str, object] = {"path": str(path), "bytes": size, "changed": changed_text}
    text = f"{path}, {size:,} bytes" + (f", changed {changed_text}" if changed_text else "")
    return Step("file", True, text, details, _elapsed(started))


def _entry_step(records: tuple[UserRecord, ...], started: float) -> Step:
    lines = [record.line for record in records]
    if not records:
        text = "no user in the file has this address"
        return Step("entry", False, text, {"lines": lines}, _elapsed(started))
    if len(records) > 1:
        line_numbers = " and ".join(str(line) for line in lines)
        text = (
            f"ambiguous: lines {line_numbers} differ in case only; write one of them in lowercase"
        )
        return Step("entry", False, text, {"lines": lines}, _elapsed(started))
    line = f"line {lines[0]}" if lines[0] else "a table"
    entry = {name: list(values) for name, values in records[0].entry.items()}
    text = f"{line}, as {records[0].address}"
    return Step("entry", True, text, {"lines": lines, "entry": entry}, _elapsed(started))


def _user_step(directory: FileDirectory, record: UserRecord) -> Step:
    """Return the values of an entry that Waypost uses, and why it ignores the others."""
    started = time.perf_counter()
    requested = requested_attributes(directory)
    user = user_of(record.entry, requested)
    used = {
        requested.login: user.login_name,
        requested.display_name or "": user.display_name,
        **dict(user.attributes),
    }
    used_values = {name: value for name, value in used.items() if value is not None}
    unused = {
        name: reason for name in record.entry if (reason := _unused(name, used_values, requested))
    }
    parts = [f"{name} {value}" for name, value in used_values.items()] or [
        "nothing that can be used"
    ]
    parts += [f"{name} not used: {reason}" for name, reason in unused.items()]
    details: dict[str, object] = {"used": used_values, "unused": unused}
    return Step("user", True, "; ".join(parts), details, _elapsed(started))


def _unused(
    name: str, used_values: Mapping[str, str], requested: RequestedAttributes
) -> str | None:
    """Return why no value of a column is used, or None if a value is used."""
    if name.lower() in {used.lower() for used in used_values}:
        return None
    if name.lower() in {rule.name.lower() for rule in requested.rules}:
        return "the rule of this attribute does not allow the value"
    if name in {requested.login, requested.display_name}:
        return "the text is too long or contains a character that no document can carry"
    return "the key attributes of the directory does not name it"


def _elapsed(started: float) -> float:
    return time.perf_counter() - started
