"""What providers need not say again: `[defaults]`, `[[template]]` and `extends`."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from waypost.transfer.directories import POINTER_KEYS, USERS_KEYS
from waypost.transfer.rules import NAME_MAX_CHARS
from waypost.transfer.services import SERVICE_DEFAULT_KEYS, read_service_defaults
from waypost.transfer.tables import Table

INHERITED_KEYS: Final = (
    *("services", "documentation", "oauth2", "enable", "webmail", "update_url", *USERS_KEYS),
    *("logos", "developer_url", "contacts"),
    *("profile", "subaddress_separators"),
)
"""A provider that has one of them takes nothing of it from elsewhere."""
TEMPLATE_KEYS: Final = ("name", "extends", *INHERITED_KEYS)
DEFAULTS_KEYS: Final = (*INHERITED_KEYS, "service")


class Inheritance:
    """Where each key of a provider comes from: itself, what it extends, or the defaults."""

    def __init__(self, top: Table) -> None:
        """Read the defaults and the templates, and note what is wrong with them."""
        self._service: dict[str, object] = {}
        self._defaults = top.table("defaults")
        if self._defaults is not None:
            self._defaults.refuse_unknown(DEFAULTS_KEYS)
            if (service := self._defaults.table("service")) is not None:
                service.refuse_unknown(SERVICE_DEFAULT_KEYS)
                self._service = read_service_defaults(service)
        self._templates = top.tables("template")
        self._named: dict[str, list[Table]] = {}
        every = [*self._templates, *_providers(top)]
        for table in every:
            if isinstance(name := table.raw("name"), str):
                self._named.setdefault(name, []).append(table)
        for table in self._templates:
            self._check_template(table)
        for table in every:
            self._check_extends(table)

    def owners(self) -> Iterator[Table]:
        """Yield the tables that hold nothing but what others inherit."""
        if self._defaults is not None:
            yield self._defaults
        yield from self._templates

    def defaults_for(self, service: Table) -> dict[str, object]:
        """Return the keys that a service takes over where it has none of its own."""
        if "url" not in service:
            return self._service
        # HTTP has methods of its own.
        return {key: value for key, value in self._service.items() if key != "authentication"}

    def owner(self, table: Table, key: str) -> Table:
        """Return the table that says what `key` is for a provider; the provider's own for none."""
        # The two ways to name a directory are one key.
        keys = POINTER_KEYS if key in POINTER_KEYS else (key,)
        for one in self._chain(table):
            if any(name in one for name in keys):
                return one
        if self._defaults is not None and any(name in self._defaults for name in keys):
            return self._defaults
        return table

    def _chain(self, table: Table) -> Iterator[Table]:
        """Yield a table, what it extends, what that extends, and so on; once round a cycle."""
        met: set[str] = set()
        following: Table | None = table
        while following is not None and following.path not in met:
            met.add(following.path)
            yield following
            named = self._named.get(str(following.raw("extends")), [])
            following = named[0] if "extends" in following and len(named) == 1 else None

    def _check_template(self, table: Table) -> None:
        table.refuse_unknown(TEMPLATE_KEYS)
        if not table.require("name") or (name := table.text("name", NAME_MAX_CHARS)) is None:
            return
        if (first := self._named[name][0]).path != table.path:
            table.problem("name", f"stands at {first.path} as well; each has its own")

    def _check_extends(self, table: Table) -> None:
        name = table.text("extends", NAME_MAX_CHARS)
        if name is None:
            return
        named = self._named.get(name, [])
        if not named:
            table.problem(
                "extends", f"no template or provider has this name{_near(name, self._named)}"
            )
        elif len(named) > 1:
            places = ", ".join(one.path for one in named[:3])
            table.problem("extends", f"several have this name: {places}; make a [[template]] of it")
        *_, last = self._chain(table)
        if len(named) == 1 and last.raw("extends") == table.raw("name"):
            table.problem("extends", f"goes round in a circle, back from {last.path}")


def _providers(top: Table) -> Iterator[Table]:
    entries = top.raw("provider")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield Table(top.report, f"provider[{index}]", entry)


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1) if len(name) <= NAME_MAX_CHARS else []
    return f'; did you mean "{close[0]}"?' if close else ""
