"""One lookup in another database step by step."""

import time
from collections.abc import Callable, Iterator

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import SqlDirectory, User
from waypost.directory.entries import WantedAttributes, user_of, wanted_attributes
from waypost.directory.protocol import Entry
from waypost.directory.sql.errors import SqlMessage
from waypost.directory.sql.rows import entry_of
from waypost.directory.sql.source import OpenSqlDirectory, QueryResult, parameters_of
from waypost.directory.step import Step

_StepResult = tuple[bool, str, dict[str, object]]


class _Halt(Exception):
    """Raised after a failed step, so that no other step follows."""


def probe_sql(directory: SqlDirectory, address: EmailAddress) -> Iterator[Step]:
    """Yield the steps of a lookup of one user, with new connections.

    The texts contain the address that the operator entered, but never a password.
    """
    probe = _Probe(directory, address)
    try:
        yield from probe.steps()
    except _Halt:
        return
    finally:
        probe.close()


class _Probe:
    def __init__(self, directory: SqlDirectory, address: EmailAddress) -> None:
        self._directory = directory
        self._address = address
        self._open: OpenSqlDirectory | None = None
        self._found: QueryResult | None = None
        self._entry: Entry = {}

    def steps(self) -> Iterator[Step]:
        """Yield each step, up to the first one that fails."""
        yield from self._step("driver", self._driver)
        yield from self._step("connect", self._connect)
        yield from self._step("read-only", self._reads_only)
        if self._directory.domains_query is not None:
            yield from self._step("domain", self._domain)
        if self._directory.query is not None:
            yield from self._step("query", self._query)
            yield from self._step("rows", self._rows)
            yield from self._step("entry", self._entry_found)
            yield from self._step("user", self._user)

    def close(self) -> None:
        """Close what was opened."""
        if self._open is not None:
            self._open.close()

    def _step(self, name: str, work: Callable[[], _StepResult]) -> Iterator[Step]:
        start = time.monotonic()
        try:
            ok, text, details = work()
        except (DirectoryError, DirectoryUnavailable) as error:
            ok, text, details = False, str(error), {"code": error.code}
        yield Step(name, ok, text, details, time.monotonic() - start)
        if not ok:
            raise _Halt

    @property
    def _opened(self) -> OpenSqlDirectory:
        if self._open is None:
            self._open = OpenSqlDirectory(self._directory)
        return self._open

    def _driver(self) -> _StepResult:
        driver = self._opened.driver
        return True, driver, {"driver": driver}

    def _connect(self) -> _StepResult:
        made = self._opened.connect()
        text = f"{made.server} at {made.place}"
        return True, text, {"server": made.server, "place": made.place}

    def _reads_only(self) -> _StepResult:
        is_read_only = self._opened.connect().is_read_only
        text = "the connection is read-only" if is_read_only else "the server allows writes"
        return is_read_only, text, {"reads_only": is_read_only}

    def _domain(self) -> _StepResult:
        domain = self._address.domain
        exists = self._opened.has_domain(domain)
        # Not a failure: the providers file may have a domain that the database does not have.
        text = f"domains_query: {domain} {'exists' if exists else 'does not exist'}"
        return True, text, {"domain": domain.ascii, "exists": exists}

    def _query(self) -> _StepResult:
        statement = " ".join((self._directory.query or "").split())
        values = parameters_of(self._address)
        bound = {name: values[name] for name in self._opened.bound_names}
        shown = ", ".join(f":{name} = {value!r}" for name, value in bound.items())
        self._found = self._opened.rows_for(self._address)
        return True, f"{statement} with {shown}", {"statement": statement, "parameters": bound}

    def _rows(self) -> _StepResult:
        if self._found is None:
            return False, "the database cannot encode a character of this address", {"rows": 0}
        columns = self._found.columns
        details: dict[str, object] = {"rows": len(self._found.rows), "columns": list(columns)}
        self._opened.check_columns(self._found)
        if not self._found.rows:
            return False, "no row: no user has this address", details
        if len(self._found.rows) > 1:
            return False, SqlMessage.AMBIGUOUS.of(self._directory.label), details
        return True, f"1 row with {', '.join(columns)}", details

    def _entry_found(self) -> _StepResult:
        wanted = _names(wanted_attributes(self._directory))
        found = entry_of(self._found.rows[0]) if self._found is not None else {}
        # An unused column may contain a password.
        self._entry = {name: values for name, values in found.items() if name in wanted}
        unused = sorted(name for name in found if name not in wanted)
        parts = [f"{name} = {', '.join(values)}" for name, values in self._entry.items()]
        parts += [f"{name} is not used" for name in unused]
        details: dict[str, object] = {name: list(one) for name, one in self._entry.items()}
        return True, "; ".join(parts) or "no value", {"values": details, "unused": unused}

    def _user(self) -> _StepResult:
        user = user_of(self._entry, wanted_attributes(self._directory))
        return True, _described(user), _details(user)


def _names(wanted: WantedAttributes) -> set[str]:
    return {name.lower() for name in wanted.names}


def _described(user: User) -> str:
    parts = [f"login name {user.login_name or 'unknown'}"]
    parts.append(f"display name {user.display_name or 'unknown'}")
    return ", ".join([*parts, *(f"{name} = {value}" for name, value in user.attributes)])


def _details(user: User) -> dict[str, object]:
    return {
        "login_name": user.login_name,
        "display_name": user.display_name,
        "attributes": dict(user.attributes),
    }
