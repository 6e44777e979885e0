"""Compare the content of the database with a target content, domain by domain.

The target content is in a temporary table. The database is read in parts, each part is looked up in
that list, and the differences are yielded. So neither side must fit into memory.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Final, Self

from waypost.core.model import Catalog, Directory, Domain, HostEndpoint, Provider, users_key
from waypost.database.engine import Connection
from waypost.diagnostics.row_codes import DiagnosticSink, ignore_diagnostic
from waypost.store.interning import DomainEntry
from waypost.store.sql.precedence import find_served
from waypost.store.sql.sync.reader import SharedRows, StoredDomain, count_domains, stored_domains
from waypost.store.sql.sync.temp_table import CHUNK, TempTable

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, the number of domains that are done, and of all domains."""
Pair = tuple[Domain | None, Domain | None]
Match = tuple[StoredDomain, str, tuple[int, int] | None]
"""A row, its pattern, and position and entry of its target entry, or None."""


NO_ID: Final = -(2**63)


def ignore_progress(_what: str, _done: int, _total: int) -> None:
    """Ignore the progress."""


def ignore_domain(_name: str) -> None:
    """Do nothing for a domain that does not change."""


class TargetContent:
    """The target content of the database, ready for comparison. Must be closed after use.

    Attributes:
        ids: the id of the domain at each position of the temporary table, or `NO_ID`.
    """

    def __init__(self, catalog: Catalog, progress: Progress = ignore_progress) -> None:
        """Read all domains of a catalog once."""
        self.directories: Sequence[Directory] = catalog.directories
        self.unused_providers: Sequence[Provider] = catalog.unused_providers
        self.temp_table = TempTable()
        self.ids = array("q")
        total = len(catalog.domains)
        part: list[tuple[int, str, Domain]] = []
        for position, domain in enumerate(catalog.domains):
            part.append((position, domain.pattern.text, domain))
            if len(part) == CHUNK or position == total - 1:
                self.add(part)
                part.clear()
                progress("reading", position + 1, total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.temp_table.close()

    def add(self, domains: Sequence[tuple[int, str, Domain | DomainEntry]]) -> None:
        """Append domains; their positions continue those in the list."""
        self.temp_table.add(domains)
        self.ids.extend([NO_ID] * len(domains))

    def new_domains(self) -> Iterator[list[tuple[int, str, int]]]:
        """Yield position, name and entry of the domains without an id, in order, in parts."""
        for part in self.temp_table.parts():
            if new_entries := [entry for entry in part if self.ids[entry[0]] == NO_ID]:
                yield new_entries

    def providers(self) -> list[Provider]:
        """Return each provider with domains once, in the order of their first domain."""
        numbers = self.temp_table.used_entries()
        providers = dict.fromkeys(self.temp_table.entries[number].provider for number in numbers)
        return [provider for provider in providers if provider is not None]

    def first_ids(self) -> dict[int, int]:
        """Return the smallest id of each entry's domains, once all have one."""
        first_ids: dict[int, int] = {}
        for position, number in self.temp_table.numbers():
            domain_id = self.ids[position]
            if domain_id < first_ids.get(number, domain_id + 1):
                first_ids[number] = domain_id
        return first_ids


class Change:
    """A change from the stored to the target content, within one transaction.

    Attributes:
        shared_rows: the stored content, except the domains.
        removed_ids: ids of the rows of `domain` to remove.
    """

    def __init__(
        self,
        connection: Connection,
        target: TargetContent,
        *,
        only_add: bool = False,
        keep_unused: bool = False,
        progress: Progress = ignore_progress,
    ) -> None:
        """Read the stored content, except the domains.

        Args:
            connection: in a transaction, if the change is written later.
            target: the target content; `only_add` adds the stored content to it.
            only_add: stored domains stay as they are, each with its services; only missing
                domains, providers and directories are added.
            keep_unused: rows that no answer uses stay; `only_add` implies it.
            progress: called after each part.
        """
        self.connection = connection
        self.target = target
        self.only_add = only_add
        self.keep_unused = keep_unused or only_add
        self.progress = progress
        self.shared_rows = SharedRows(connection)
        self.removed_ids = array("q")
        self._used: set[int] = set()
        self._same: dict[tuple[int, int], bool] = {}
        self._on_unchanged: Callable[[str], None] = ignore_domain
        if only_add:
            self._add_stored_shared_rows()

    def pairs(
        self,
        on_unused_row: DiagnosticSink = ignore_diagnostic,
        on_unchanged: Callable[[str], None] = ignore_domain,
    ) -> Iterator[Pair]:
        """Yield each domain that differs: as stored, and in the target; None if it is absent.

        Iterate to the end, once, before writing. The stored domains come first, by id, then the
        new ones, in the order of the catalog.

        Args:
            on_unused_row: called with each row that no answer uses. It will be removed, or is kept
                (`keep_unused`).
            on_unchanged: called with each domain that differs from the target one, and that
                `only_add` does not change.
        """
        yield from self.stored_pairs(on_unused_row, on_unchanged)
        for entry, names in self.new_domains():
            for name in names:
                yield None, entry.for_domain(name)

    def stored_pairs(
        self, on_unused_row: DiagnosticSink, on_unchanged: Callable[[str], None]
    ) -> Iterator[Pair]:
        """Yield the first part of `pairs`: the stored domains that differ from the target."""
        self._on_unchanged = on_unchanged
        total, done = count_domains(self.connection), 0
        for rows in stored_domains(self.connection):
            yield from self._compare(self._match_rows(rows, on_unused_row))
            done += len(rows)
            self.progress("comparing", done, total)
        for finding in self.shared_rows.unused_rows(self.connection):
            on_unused_row(finding)

    def new_domains(self) -> Iterator[tuple[DomainEntry, list[str]]]:
        """Yield the rest of `pairs`: the names of new neighbours that have the same entry."""
        entries = self.target.temp_table.entries
        for part in self.target.new_domains():
            new = self._with_stored_providers(part) if self.only_add else part
            for number, neighbours in groupby(new, key=itemgetter(2)):
                yield entries[number], [name for _, name, _ in neighbours]

    def target_entries(self, rows: Sequence[StoredDomain]) -> dict[int, tuple[int, str, int]]:
        """Return position, name and entry of the target entries of rows, by id; after `pairs`."""
        temp_table = self.target.temp_table
        entries_by_name = temp_table.find_names([row.name for row in rows])
        texts = {row.id: row.name if row.name in entries_by_name else row.pattern() for row in rows}
        others = {text for text in texts.values() if text is not None} - entries_by_name.keys()
        entries_by_name |= temp_table.find_names(list(others))
        entries: dict[int, tuple[int, str, int]] = {}
        for row_id, text in texts.items():
            if text is not None and (entry := entries_by_name.get(text)) is not None:
                position, number = entry
                if self.target.ids[position] == row_id:
                    entries[row_id] = position, text, number
        return entries

    def without_domains(self) -> tuple[Catalog, Catalog]:
        """Return the stored and the target content without the domains; call it after `pairs`."""
        used = self.used_providers()
        unused = tuple(
            provider for provider in self.shared_rows.providers.values() if provider not in used
        )
        now = Catalog((), self.shared_rows.directories, unused)
        used_providers = set(self.target.providers())
        unused = tuple(
            provider for provider in self.target.unused_providers if provider not in used_providers
        )
        return now, Catalog((), tuple(self.target.directories), unused)

    def used_providers(self) -> set[Provider]:
        """Return the stored providers that have domains; call it after `pairs`."""
        stored = self.shared_rows.providers
        return {stored[number] for number in self._used & stored.keys()}

    def _match_rows(
        self, rows: Sequence[StoredDomain], on_unused_row: DiagnosticSink
    ) -> list[Match]:
        """Look up the rows that are served; report the others."""
        temp_table = self.target.temp_table
        entries_by_name = temp_table.find_names([row.name for row in rows])
        # Most names are in the list unchanged; only the others need a check.
        others = [(row.id, row.name) for row in rows if row.name not in entries_by_name]
        verdicts = find_served(self.connection, others)
        other_spellings = {verdicts[row_id] for row_id, name in others if verdicts[row_id] != name}
        entries_by_name |= temp_table.find_names(
            [text for text in other_spellings if isinstance(text, str)]
        )
        matches: list[Match] = []
        for row in rows:
            verdict = verdicts.get(row.id, row.name)
            if isinstance(verdict, str):
                matches.append((row, verdict, entries_by_name.get(verdict)))
                continue
            on_unused_row(verdict)
            if not self.keep_unused:
                self.removed_ids.append(row.id)
        return matches

    def _compare(self, matches: Sequence[Match]) -> Iterator[Pair]:
        temp_table = self.target.temp_table
        entry_updates: list[tuple[int, int]] = []
        stored_domains_to_add: list[tuple[int, str, DomainEntry]] = []
        for row, text, match in matches:
            old = self.shared_rows.entry(row)
            self._used.add(row.provider_id)
            if match is not None:
                position, number = match
                self.target.ids[position] = row.id
                if self.only_add:
                    if not self._is_same(old, number):
                        self._on_unchanged(text)
                    entry_updates.append((position, temp_table.entries.number(old)))
                elif not self._is_same(old, number):
                    yield old.for_domain(text), temp_table.entries[number].for_domain(text)
            elif self.only_add:
                stored_domains_to_add.append((row.id, text, old))
            else:
                self.removed_ids.append(row.id)
                yield old.for_domain(text), None
        temp_table.set_entries(entry_updates)
        self._add_stored_domains(stored_domains_to_add)

    def _add_stored_domains(
        self, stored_domains_to_add: Sequence[tuple[int, str, DomainEntry]]
    ) -> None:
        """Add stored domains to the target content."""
        begin = len(self.target.ids)
        self.target.add(
            [
                (begin + index, text, old)
                for index, (_, text, old) in enumerate(stored_domains_to_add)
            ]
        )
        for index, (domain_id, _, _) in enumerate(stored_domains_to_add):
            self.target.ids[begin + index] = domain_id

    def _is_same(self, old: DomainEntry, number: int) -> bool:
        # The same few entries are compared again and again, and a full comparison is slow.
        # `shared_rows` keeps its entries, so that no other object gets the same identity.
        key = (id(old), number)
        known = self._same.get(key)
        if known is None:
            known = _comparable_parts(old) == _comparable_parts(
                self.target.temp_table.entries[number]
            )
            self._same[key] = known
        return known

    def _add_stored_shared_rows(self) -> None:
        """Add the stored content, except the domains, to the target content."""
        labels = {directory.label for directory in self.shared_rows.directories}
        new_directories = [one for one in self.target.directories if one.label not in labels]
        self.target.directories = (*self.shared_rows.directories, *new_directories)
        names = {provider.name for provider in self.shared_rows.providers.values()}
        new_providers = [one for one in self.target.unused_providers if one.name not in names]
        self.target.unused_providers = (*self.shared_rows.providers.values(), *new_providers)

    def _with_stored_providers(
        self, part: Sequence[tuple[int, str, int]]
    ) -> list[tuple[int, str, int]]:
        """Return new domains with the stored provider of the same name, if there is one."""
        entries = self.target.temp_table.entries
        known: dict[str, Provider] = {}
        for stored in self.shared_rows.providers.values():
            known.setdefault(stored.name, stored)
        updated = []
        for position, name, number in part:
            entry = entries[number]
            provider = entry.provider and known.get(entry.provider.name, entry.provider)
            if provider != entry.provider:
                number = entries.number(replace(entry, provider=provider))  # noqa: PLW2901
            updated.append((position, name, number))
        self.target.temp_table.set_entries([(position, number) for position, _, number in updated])
        return updated


def _comparable_parts(entry: DomainEntry) -> tuple[object, ...]:
    """Return the parts to compare: the order between services with a host and a URL is ignored."""
    hosts = [service for service in entry.services if isinstance(service.endpoint, HostEndpoint)]
    urls = [service for service in entry.services if not isinstance(service.endpoint, HostEndpoint)]
    return replace(entry, services=(), users=None), users_key(entry.users), hosts, urls
