"""One lookup in a file, step by step."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable, ProblemsError
from waypost.core.model import FileDirectory
from waypost.directory.entries import WantedAttributes, user_of, wanted_attributes
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
        yield Step("file", False, str(error), {"path": str(path)}, _since(started))
        return
    yield _file_step(path, len(data), started)
    started = time.perf_counter()
    try:
        people = parse_users(data, path)
    except ProblemsError as error:
        problems: dict[str, object] = {"problems": list(error.problems)}
        yield Step("lines", False, first_problem(error), problems, _since(started))
        return
    counts = {"users": len(people), "columns": list(people.columns)}
    users = "1 user" if len(people) == 1 else f"{len(people):,} users"
    text = f"{users}; columns: {', '.join(people.columns) or 'none'}"
    yield Step("lines", True, text, counts, _since(started))
    started = time.perf_counter()
    hits = people.find(address)
    yield _entry_step(hits, started)
    if len(hits) == 1:
        yield _user_step(directory, hits[0])


def _file_step(path: Path, size: int, started: float) -> Step:
    found = file_stamp(path)
    changed = None if found is None else datetime.fromtimestamp(found[3] / 1e9, UTC)
    written = None if changed is None else changed.isoformat(timespec="seconds")
    details: dict[str, object] = {"path": str(path), "bytes": size, "changed": written}
    text = f"{path}, {size:,} bytes" + (f", changed {written}" if written else "")
    return Step("file", True, text, details, _since(started))


def _entry_step(hits: tuple[UserRecord, ...], started: float) -> Step:
    lines = [hit.line for hit in hits]
    if not hits:
        text = "no user in the file has this address"
        return Step("entry", False, text, {"lines": lines}, _since(started))
    if len(hits) > 1:
        places = " and ".join(str(line) for line in lines)
        text = f"ambiguous: lines {places} differ in case only; write one of them in lowercase"
        return Step("entry", False, text, {"lines": lines}, _since(started))
    line = f"line {lines[0]}" if lines[0] else "a table"
    entry = {name: list(values) for name, values in hits[0].entry.items()}
    text = f"{line}, as {hits[0].address}"
    return Step("entry", True, text, {"lines": lines, "entry": entry}, _since(started))


def _user_step(directory: FileDirectory, hit: UserRecord) -> Step:
    """Return the values of an entry that Waypost uses, and why it ignores the others."""
    started = time.perf_counter()
    wanted = wanted_attributes(directory)
    user = user_of(hit.entry, wanted)
    used = {
        wanted.login: user.login_name,
        wanted.display_name or "": user.display_name,
        **dict(user.attributes),
    }
    taken = {name: value for name, value in used.items() if value is not None}
    unused = {name: why for name in hit.entry if (why := _unused(name, taken, wanted))}
    parts = [f"{name} {value}" for name, value in taken.items()] or ["nothing that can be used"]
    parts += [f"{name} not used: {why}" for name, why in unused.items()]
    details: dict[str, object] = {"used": taken, "unused": unused}
    return Step("user", True, "; ".join(parts), details, _since(started))


def _unused(name: str, taken: Mapping[str, str], wanted: WantedAttributes) -> str | None:
    """Return why no value of a column is used, or None if a value is used."""
    if name.lower() in {one.lower() for one in taken}:
        return None
    if name.lower() in {rule.name.lower() for rule in wanted.rules}:
        return "the rule of this attribute does not allow the value"
    if name in {wanted.login, wanted.display_name}:
        return "the text is too long or contains a character that no document can carry"
    return "the key attributes of the directory does not name it"


def _since(started: float) -> float:
    return time.perf_counter() - started
