"""Change many domains in one transaction: all of them or none, in bounded memory."""

import json
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Final, Literal

from waypost.admin.audit.entries import who
from waypost.admin.changes import ChangeOptions, RolledBack, audit_row, counted, plan_of
from waypost.admin.changes import PlannedChange as Planned
from waypost.admin.domain_rules import DomainRules, patched
from waypost.admin.domains import follow
from waypost.admin.objects import domain_object, merge_patch, read_name, served_data
from waypost.admin.principal import Principal
from waypost.admin.results import BulkEnd, BulkEvent, BulkMistake, BulkProgress, Data
from waypost.admin.source import AdminSource
from waypost.core.address import DomainName
from waypost.core.errors import (
    AccessForbidden,
    ConfirmationNeeded,
    DomainError,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
)
from waypost.core.model import Domain, DomainPattern, candidates
from waypost.database.engine import (
    Connection,
    refuse_missing_file,
    write_transaction,
)
from waypost.parsing.strict_json import StrictJsonError, parse_strict_json
from waypost.providers_file.plan import Plan, Planner
from waypost.store.sql.audit_log import AuditRow, prune_audit, write_audits
from waypost.store.sql.sync.domain_set import DomainSet, DomainTarget, aliases_of
from waypost.store.sql.sync.service_rows import ServiceRows

LINE_MAX_BYTES: Final = 1024 * 1024
MISTAKES_MAX: Final = 1000
"""How many mistakes are reported; after so many, the other lines are not read."""
LINES_MAX: Final = 1_000_000
LINE_MAX_COMMAS: Final = 20_000
"""Each value of an object may be a mistake, which takes much more memory than the value."""
_AT_ONCE: Final = 500
_IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
_PLAN_ITEMS: Final = 1000
_OPS: Final = ("put", "add", "patch", "delete")
_Op = Literal["put", "add", "patch", "delete"]
_Errors = (AccessForbidden, ConfirmationNeeded, InvalidObject, ObjectInUse, ObjectNotFound)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is a JSON object with the name of a domain."""

    number: int
    op: _Op
    pattern: DomainPattern
    data: Data

    @property
    def makes_alias(self) -> bool:
        """Whether the domain becomes an alias of a domain that the line names."""
        return self.data.get("alias_of") is not None

    @property
    def alias_of(self) -> DomainName | None:
        """The domain that the line names; None without a valid one, which the rules refuse."""
        try:
            return DomainName.parse(str(self.data["alias_of"])) if self.makes_alias else None
        except DomainError:
            return None


@dataclass(slots=True)
class _State:
    """What a bulk change has done so far.

    Attributes:
        mistakes, lines: how many there are.
        aliases: the aliases that change and have no line.
    """

    planner: Planner = field(default_factory=lambda: Planner(_PLAN_ITEMS))
    mistakes: int = 0
    lines: int = 0
    aliases: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class BulkChange:
    """The use case that changes many domains."""

    source: AdminSource
    principal: Principal
    options: ChangeOptions

    def run(self, lines: Iterable[bytes]) -> Iterator[BulkEvent]:
        """Yield the progress, the mistakes, and the end.

        All lines are received and checked before the transaction begins, so that a slow sender
        does not lock the database.

        Raises:
            StoreReadOnly: the domains are in a providers file.
            StoreUnavailable: the database does not answer.
        """
        self.principal.check_write()
        engine = self.source.database()
        refuse_missing_file(engine)
        state = _State()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            names: dict[str, int] = {}
            yield from self._receive(lines, spool, names, state)
            if state.mistakes < MISTAKES_MAX:
                # A dry run writes, too, because lines refer to each other, and is rolled back. So
                # are the other lines if one has not the form, to report the mistakes of all lines.
                with suppress(RolledBack), write_transaction(engine) as connection:
                    yield from _Transaction(self, connection, names, state).run(spool)
                    if state.mistakes or self.options.dry_run:
                        raise RolledBack
        plan = Plan((), (), ()) if state.mistakes else plan_of(state.planner)
        written = not (state.mistakes or self.options.dry_run or plan.is_empty)
        aliases = 0 if state.mistakes else len(state.aliases)
        yield BulkEnd(state.lines, plan, state.mistakes, written, aliases)

    def _receive(
        self, lines: Iterable[bytes], spool: IO[bytes], names: dict[str, int], state: _State
    ) -> Iterator[BulkEvent]:
        """Check the form of all lines, and store them."""
        for number, raw in enumerate(lines, start=1):
            state.lines = number
            if not raw.strip() and number <= LINES_MAX:
                continue
            try:
                line = _parse(number, raw)
                earlier = names.setdefault(line.pattern.text, number)
                if earlier != number:
                    rule = f"{line.pattern} is also in line {earlier}"
                    raise InvalidObject([("name", rule)])
                if not self.principal.covers(line.pattern):
                    self.principal.check_domain(line.pattern, None)
            except _Errors as error:
                yield from mistakes_of(number, error, state)
                if state.mistakes >= MISTAKES_MAX:
                    return
                continue
            spool.write(json.dumps([number, line.op, line.pattern.text, line.data]).encode())
            spool.write(b"\n")
            if number % _AT_ONCE == 0:
                yield BulkProgress(number)


class _Transaction:
    """The lines of a bulk change, in one transaction."""

    def __init__(
        self, bulk: BulkChange, connection: Connection, names: dict[str, int], state: _State
    ) -> None:
        self._bulk = bulk
        self._connection = connection
        self._names = names
        self._state = state
        self._rules = DomainRules(connection, bulk.principal)
        self._services = ServiceRows(connection)
        self._at = who(bulk.principal)
        self._patched_aliases: set[str] = set()
        self._written: set[str] = set()

    def run(self, spool: IO[bytes]) -> Iterator[BulkEvent]:
        """Plan and write all lines: first the domains, then the aliases, which follow domains.

        A patch that does not name the domain of its alias comes last.
        """
        yield from self._run(line for line in _stored_lines(spool) if not line.makes_alias)
        yield from self._run(line for line in _stored_lines(spool) if line.makes_alias)
        if waiting := self._patched_aliases:
            lines = _stored_lines(spool)
            yield from self._run(line for line in lines if line.pattern.text in waiting)
        if not self._state.mistakes:
            self._services.remove_unused()
            days = self._bulk.source.settings.audit_retention_days
            prune_audit(self._connection, days, self._at["at"])

    def _run(self, lines: Iterable[_Line]) -> Iterator[BulkEvent]:
        part: list[_Line] = []
        names: set[str] = set()
        followed: set[str] = set()
        for line in lines:
            if self._state.mistakes >= MISTAKES_MAX:
                return
            name = line.pattern.text
            ends = self._rules.end_of(line.alias_of)
            is_chain = name in followed or bool(ends & names) or _follows(line, names)
            if part and (len(part) == _AT_ONCE or is_chain):
                yield from self._write(part)
                part, names, followed = [], set(), set()
            part.append(line)
            names.add(name)
            followed |= self._rules.end_of(line.alias_of)  # It may have changed.
        yield from self._write(part)

    def _write(self, lines: list[_Line]) -> Iterator[BulkEvent]:
        if not lines:
            return
        stored = DomainSet(self._connection, [line.pattern for line in lines], lock=True)
        followers: dict[DomainPattern, list[DomainPattern]] = {}
        for alias, followed in aliases_of(self._connection, [line.pattern for line in lines]):
            # The others have their own lines, which come later or are in this part.
            if alias.text not in self._names or alias.text in self._written:
                followers.setdefault(followed, []).append(alias)
        targets: dict[DomainPattern, DomainTarget] = {}
        removed: list[DomainPattern] = []
        audits: list[AuditRow] = []
        for line in lines:
            if self._waits(line, stored):
                continue
            try:
                audit = self._plan(line, stored, followers, targets, removed)
            except _Errors as error:
                yield from mistakes_of(line.number, error, self._state)
                continue
            audits += [] if audit is None else [audit]
        # After a mistake the other lines are still checked against what would be stored.
        stored.write(targets, self._services)
        stored.remove(removed, self._services)
        self._follow(targets, followers)
        self._rules.forget_followed()
        self._written.update(line.pattern.text for line in lines)
        write_audits(self._connection, audits)
        yield BulkProgress(lines[-1].number)

    def _waits(self, line: _Line, stored: DomainSet) -> bool:
        """Return whether a line is a patch of an alias whose domain another line may change."""
        name = line.pattern.text
        if line.op != "patch" or "alias_of" in line.data or name in self._patched_aliases:
            return False
        old = stored.domain(line.pattern)
        if old is None or old.alias_of is None:
            return False
        self._patched_aliases.add(name)
        return True

    def _plan(
        self,
        line: _Line,
        stored: DomainSet,
        followers: dict[DomainPattern, list[DomainPattern]],
        targets: dict[DomainPattern, DomainTarget],
        removed: list[DomainPattern],
    ) -> AuditRow | None:
        """Plan one line, and return its entry for the audit log; None if nothing changes."""
        pattern, old = line.pattern, stored.domain(line.pattern)
        self._bulk.principal.check_domain(pattern, None if old is None else old.provider.name)
        new = None
        if line.op == "delete":
            if old is None:
                raise ObjectNotFound(f"there is no domain {pattern}")
            if pattern in followers:
                raise ObjectInUse(f"another domain is an alias of {pattern}")
            removed.append(pattern)
        elif line.op == "add" and old is not None:
            raise InvalidObject([("name", f"{pattern} exists already")])
        else:
            target, _ = self._rules.target(pattern, _object(line, old), stored)
            new = target.entry.for_domain(pattern.text)
        own = Planner()
        own.add(old, new)
        unused = [str(row) for row in stored.unused_rows(pattern)]
        if plan_of(own).is_empty and not unused:
            return None
        if new is not None:
            visible = filter(self._bulk.principal.covers, followers.get(pattern, ()))
            names = {one.text for one in visible if one.text not in self._names}
            message = f"this also changes {counted(len(names), 'alias', 'aliases')} of {pattern}"
            self._bulk.options.check_confirmed(message, [], len(names))
            self._state.aliases |= names
            targets[pattern] = target
        self._state.planner.add(old, new)
        for row in unused:
            self._state.planner.add_unused_row(row, keep=False)
        domain = new or old
        change = Planned(
            action="bulk",
            kind="domain",
            name=pattern.text,
            plan=plan_of(own),
            old=None if old is None else domain_object(old),
            new=None if new is None else domain_object(new),
            write=lambda: None,
            provider=None if domain is None else domain.provider.name,
        )
        return audit_row(self._bulk.principal, "bulk", change)

    def _follow(
        self,
        targets: dict[DomainPattern, DomainTarget],
        followers: dict[DomainPattern, list[DomainPattern]],
    ) -> None:
        for pattern, names in followers.items():
            if pattern in targets:
                aliases = DomainSet(self._connection, names)
                aliases.write(follow(aliases, names, targets[pattern]), self._services)


def _object(line: _Line, old: Domain | None) -> Data:
    """Return the object that a line describes.

    Raises:
        ObjectNotFound: there is no domain to patch.
    """
    if line.op != "patch":
        return line.data
    if old is None:
        raise ObjectNotFound(f"there is no domain {line.pattern}")
    base = patched(domain_object(old).data, served_data(old), line.data)
    merged: Data = merge_patch(base, line.data)
    return merged


def _follows(line: _Line, names: Collection[str]) -> bool:
    """Return whether an alias may follow a domain of a part, which must be written first.

    Args:
        line: a line, perhaps of an alias.
        names: the domains and patterns of the part.
    """
    name = line.alias_of
    return name is not None and any(pattern.text in names for pattern in candidates(name))


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file in bounded memory.

    Yields:
        The lines; a longer line is cut after `LINE_MAX_BYTES` and one more byte.
    """
    size = LINE_MAX_BYTES + 1
    while line := file.readline(size):
        yield line
        while len(line) == size and not line.endswith(b"\n"):
            line = file.readline(size)


def mistakes_of(number: int, error: Exception, state: _State) -> Iterator[BulkMistake]:
    """Yield the mistakes of a line."""
    code = str(getattr(error, "code", "error"))
    found = error.mistakes if isinstance(error, InvalidObject) else (("", str(error)),)
    for path, rule in found:
        state.mistakes += 1
        if state.mistakes <= MISTAKES_MAX:
            yield BulkMistake(number, path, rule, code)


def _parse(number: int, raw: bytes) -> _Line:
    """Parse a line.

    Raises:
        InvalidObject: it is not a JSON object, or its name or `op` cannot be used.
    """
    if number > LINES_MAX:
        raise InvalidObject([("", f"there are more than {LINES_MAX:,} lines; send several parts")])
    if len(raw) > LINE_MAX_BYTES:
        raise InvalidObject([("", f"is longer than {LINE_MAX_BYTES} bytes")])
    if raw.count(b",") > LINE_MAX_COMMAS:
        raise InvalidObject([("", f"has more than {LINE_MAX_COMMAS} commas")])
    try:
        data = parse_strict_json(raw)
    except StrictJsonError as error:
        raise InvalidObject([("", str(error))]) from error
    except (ValueError, RecursionError) as error:
        raise InvalidObject([("", f"is not JSON: {error}")]) from error
    if not isinstance(data, dict):
        raise InvalidObject([("", "must be a JSON object")])
    op, name = data.pop("op", "put"), data.get("name")
    if op not in _OPS:
        raise InvalidObject([("op", "must be put, add, patch or delete")])
    if not isinstance(name, str):
        raise InvalidObject([("name", "is missing" if name is None else "must be a string")])
    return _Line(number, op, read_name(name), {} if op == "delete" else data)


def _stored_lines(spool: IO[bytes]) -> Iterator[_Line]:
    spool.seek(0)
    for raw in spool:
        number, op, name, data = json.loads(raw)
        yield _Line(number, op, DomainPattern(name), data)
