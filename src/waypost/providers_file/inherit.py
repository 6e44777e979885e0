"""The keys that providers inherit: `[defaults]`, `[[template]]` and `extends`."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from waypost.providers_file.models.domain import UsersTable
from waypost.providers_file.models.provider import DefaultsTable, PagesTable
from waypost.providers_file.models.service import ServiceDefaults
from waypost.providers_file.tables import ParsedTable
from waypost.providers_file.validation import Mistakes
from waypost.providers_file.validators import NAME_MAX_CHARS

# The two keys that point to a directory count as one key.
_DIRECTORY_KEYS: Final = ("directory", "ldapserver")


class Inheritance:
    """The source of each key of a provider: the provider, what it extends, or the defaults.

    A provider that sets a key inherits no part of this key.
    """

    def __init__(
        self,
        report: Mistakes,
        templates: Sequence[ParsedTable],
        providers: Sequence[ParsedTable],
        defaults: ParsedTable | None,
    ) -> None:
        """Check the names, and report mistakes."""
        self._report = report
        self._defaults = defaults
        self._named: dict[str, list[ParsedTable]] = {}
        for table in (*templates, *providers):
            if isinstance(name := table.data.get("name"), str):
                self._named.setdefault(name, []).append(table)
        for table in templates:
            self._check_template(table)
        for table in (*templates, *providers):
            self._check_extends(table)

    @property
    def service(self) -> ServiceDefaults | None:
        """The defaults of all services, or None."""
        model = None if self._defaults is None else self._defaults.model
        return model.service if isinstance(model, DefaultsTable) else None

    def pages(self, table: ParsedTable, key: str) -> tuple[ParsedTable, PagesTable | None]:
        """Return the table that sets a key of `PagesTable`, and its model without mistakes."""
        owner = self._owner(table, (key,))
        return owner, owner.model if isinstance(owner.model, PagesTable) else None

    def users(self, table: ParsedTable, key: str) -> UsersTable | None:
        """Return the table that sets a key of `UsersTable`, or None if it has mistakes."""
        model = self._owner(table, _DIRECTORY_KEYS if key in _DIRECTORY_KEYS else (key,)).model
        return model if isinstance(model, UsersTable) else None

    def _owner(self, table: ParsedTable, keys: Sequence[str]) -> ParsedTable:
        """Return the table that sets one of the keys; the table itself if none does."""
        if self.inherits(table):
            for ancestor in self._chain(table):
                if not ancestor.data.keys().isdisjoint(keys):
                    return ancestor
            if self._defaults is not None and not self._defaults.data.keys().isdisjoint(keys):
                return self._defaults
        return table

    def inherits(self, table: ParsedTable) -> bool:
        """Return whether a provider may have keys of another table."""
        return self._defaults is not None or "extends" in table.data

    def _chain(self, table: ParsedTable) -> Iterator[ParsedTable]:
        """Yield a table, the table that it extends, and so on; each table of a loop only once."""
        visited: set[str] = set()
        current: ParsedTable | None = table
        while current is not None and current.path not in visited:
            visited.add(current.path)
            yield current
            candidates = self._named.get(str(current.data.get("extends")), [])
            extends = "extends" in current.data and len(candidates) == 1
            current = candidates[0] if extends else None

    def _check_template(self, table: ParsedTable) -> None:
        name = table.data.get("name")
        if not isinstance(name, str) or (first := self._named[name][0]).path == table.path:
            return
        rule = f"is also the name of {first.path}; names must be unique"
        self._report.problem(f"{table.path}.name", rule)

    def _check_extends(self, table: ParsedTable) -> None:
        name, path = table.data.get("extends"), f"{table.path}.extends"
        if not isinstance(name, str) or not name.strip():
            return
        candidates = self._named.get(name, [])
        if not candidates:
            rule = f"no template or provider has this name{_did_you_mean(name, self._named)}"
            self._report.problem(path, rule)
        elif len(candidates) > 1:
            paths = ", ".join(table.path for table in candidates[:3])
            rule = f"several have this name: {paths}; extend a [[template]] instead"
            self._report.problem(path, rule)
        *_, last = self._chain(table)
        if len(candidates) == 1 and last.data.get("extends") == table.data.get("name"):
            rule = f"forms a loop, because {last.path} extends this one"
            self._report.problem(path, rule)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1) if len(name) <= NAME_MAX_CHARS else []
    return f'; did you mean "{close[0]}"?' if close else ""
