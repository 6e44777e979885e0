"""The keys that providers inherit: `[defaults]`, `[[template]]` and `extends`."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from waypost.providers_file.directories.directories import POINTER_KEYS, USERS_KEYS
from waypost.providers_file.services import SERVICE_DEFAULT_KEYS, read_service_defaults
from waypost.providers_file.validation import Table
from waypost.providers_file.validators import NAME_MAX_CHARS

INHERITED_KEYS: Final = (
    *("services", "documentation", "oauth2", "enable", "webmail", "update_url", *USERS_KEYS),
    *("logos", "developer_url", "contacts"),
    *("profile", "subaddress_separators"),
)
"""A provider that sets one of these keys inherits no part of this key."""
TEMPLATE_KEYS: Final = ("name", "extends", *INHERITED_KEYS)
DEFAULTS_KEYS: Final = (*INHERITED_KEYS, "service")


class Inheritance:
    """The source of each key of a provider: the provider, what it extends, or the defaults."""

    def __init__(self, top: Table) -> None:
        """Read the defaults and the templates, and report their mistakes."""
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
        """Yield the tables that exist only for others to inherit."""
        if self._defaults is not None:
            yield self._defaults
        yield from self._templates

    def defaults_for(self, service: Table) -> dict[str, object]:
        """Return the default values for the keys that a service does not set."""
        if "url" not in service:
            return self._service
        # HTTP has its own methods.
        return {key: value for key, value in self._service.items() if key != "authentication"}

    def owner(self, table: Table, key: str) -> Table:
        """Return the table that sets `key` for a provider; its own table if no table does."""
        # The two keys that point to a directory count as one key.
        keys = POINTER_KEYS if key in POINTER_KEYS else (key,)
        for one in self._chain(table):
            if any(name in one for name in keys):
                return one
        if self._defaults is not None and any(name in self._defaults for name in keys):
            return self._defaults
        return table

    def _chain(self, table: Table) -> Iterator[Table]:
        """Yield a table, the table that it extends, and so on; each table of a loop only once."""
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
            table.problem("name", f"is also the name of {first.path}; names must be unique")

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
            rule = f"several have this name: {places}; extend a [[template]] instead"
            table.problem("extends", rule)
        *_, last = self._chain(table)
        if len(named) == 1 and last.raw("extends") == table.raw("name"):
            table.problem("extends", f"forms a loop, because {last.path} extends this one")


def _providers(top: Table) -> Iterator[Table]:
    entries = top.raw("provider")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield Table(top.report, f"provider[{index}]", entry)


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1) if len(name) <= NAME_MAX_CHARS else []
    return f'; did you mean "{close[0]}"?' if close else ""
