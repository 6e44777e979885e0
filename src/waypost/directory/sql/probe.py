"""One lookup in another database step by step."""

import time
from collections.abc import Callable, Iterator

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import SqlDirectory, User
from waypost.directory.entries import RequestedAttributes, requested_attributes, user_of
from waypost.directory.protocol import Entry
from waypost.directory.sql.errors import SqlMessage
from waypost.directory.sql.rows import entry_of
from waypost.directory.sql.source import OpenSqlDirectory, QueryResult, parameters_of
from waypost.directory.step import Step

_StepResult = tuple[bool, str, dict[str, object]]


class _StopProbe(Exception):
    """Raised after a failed step, so that no other step follows."""


def probe_sql(directory: SqlDirectory, address: EmailAddress) -> Iterator[Step]:
    """Yield the steps of a lookup of one user, with new connections.

    The texts contain the address that the operator entered, but never a password.
    """
    probe = _Probe(directory, address)
    try:
        yield from probe.steps()
    except _StopProbe:
        return
    finally:
        probe.close()


class _Probe:
    def __init__(self, directory: SqlDirectory, address: EmailAddress) -> None:
        self._directory = directory
        self._address = address
        self._open: OpenSqlDirectory | None = None
        self._result: QueryResult | None = None
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
            yield from self._step("entry", self._entry_step)
            yield from self._step("user", self._user)

    def close(self) -> None:
        """Close what was opened."""
        if self._open is not None:
            self._open.close()

    def _step(self, name: str, action: Callable[[], _StepResult]) -> Iterator[Step]:
        start = time.monotonic()
        try:
            ok, text, details = action()
        except (DirectoryError, DirectoryUnavailable) as error:
            ok, text, details = False, str(error), {"code": error.code}
        yield Step(name, ok, text, details, time.monotonic() - start)
        if not ok:
            raise _StopProbe

    @property
    def _opened(self) -> OpenSqlDirectory:
        if self._open is None:
            self._open = OpenSqlDirectory(self._directory)
        return self._open

    def _driver(self) -> _StepResult:
        driver = self._opened.driver
        return True, driver, {"driver": driver}

    def _connect(self) -> _StepResult:
        connection_info = self._opened.connect()
        text = f"{connection_info.server} at {connection_info.location}"
        return True, text, {"server": connection_info.server, "place": connection_info.location}

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
        parameters = {name: values[name] for name in self._opened.bound_names}
        shown = ", ".join(f":{name} = {value!r}" for name, value in parameters.items())
        self._result = self._opened.rows_for(self._address)
        return True, f"{statement} with {shown}", {"statement": statement, "parameters": parameters}

    def _rows(self) -> _StepResult:
        if self._result is None:
            return False, "the database cannot encode a character of this address", {"rows": 0}
        columns = self._result.columns
        details: dict[str, object] = {"rows": len(self._result.rows), "columns": list(columns)}
        self._opened.check_columns(self._result)
        if not self._result.rows:
            return False, "no row: no user has this address", details
        if len(self._result.rows) > 1:
            return False, SqlMessage.AMBIGUOUS.for_directory(self._directory.label), details
        return True, f"1 row with {', '.join(columns)}", details

    def _entry_step(self) -> _StepResult:
        requested = _names(requested_attributes(self._directory))
        values_by_column = entry_of(self._result.rows[0]) if self._result is not None else {}
        # An unused column may contain a password.
        self._entry = {
            name: values for name, values in values_by_column.items() if name in requested
        }
        unused = sorted(name for name in values_by_column if name not in requested)
        parts = [f"{name} = {', '.join(values)}" for name, values in self._entry.items()]
        parts += [f"{name} is not used" for name in unused]
        details: dict[str, object] = {name: list(texts) for name, texts in self._entry.items()}
        return True, "; ".join(parts) or "no value", {"values": details, "unused": unused}

    def _user(self) -> _StepResult:
        user = user_of(self._entry, requested_attributes(self._directory))
        return True, _user_text(user), _details(user)


def _names(requested: RequestedAttributes) -> set[str]:
    return {name.lower() for name in requested.names}


def _user_text(user: User) -> str:
    parts = [f"login name {user.login_name or 'unknown'}"]
    parts.append(f"display name {user.display_name or 'unknown'}")
    return ", ".join([*parts, *(f"{name} = {value}" for name, value in user.attributes)])


def _details(user: User) -> dict[str, object]:
    return {
        "login_name": user.login_name,
        "display_name": user.display_name,
        "attributes": dict(user.attributes),
    }
