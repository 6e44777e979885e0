"""The result of an import, with notes about what Waypost cannot represent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.core.model import DEFAULT_PRIORITY, INCOMING, Catalog, HostEndpoint, Service
from waypost.core.preference import ordered


@dataclass(frozen=True, slots=True)
class ImportNote:
    """A part of the source that is not imported, or not exactly.

    Attributes:
        source: the file or the URL.
        line: from 1.
        what: the element or the key.
        why: the reason, for operators, and what was done instead.
    """

    source: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        """Return the note in one line, for operators."""
        return f"{self.source}: line {self.line}: {self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import.

    Attributes:
        catalog: the providers and their domains.
        left_out: the parts of the source that are not in the catalog.
        warnings: the parts that are imported, but that the operator should check.
        lost: the domains of the source for which nothing can be imported.
    """

    catalog: Catalog
    left_out: tuple[ImportNote, ...]
    warnings: tuple[ImportNote, ...]
    lost: tuple[str, ...] = ()


class ImportNotes:
    """The notes about one source."""

    def __init__(self, source: str) -> None:
        """Create an empty collection for a file or a URL."""
        self.source = source
        self._left_out: dict[ImportNote, None] = {}
        self._warnings: dict[ImportNote, None] = {}

    def leave_out(self, line: int, what: str, why: str) -> None:
        """Add a part that is not imported; the same note is added only once."""
        self._left_out.setdefault(ImportNote(self.source, line, what, why))

    def warn(self, line: int, what: str, why: str) -> None:
        """Add a part that is imported, but that the operator should check."""
        self._warnings.setdefault(ImportNote(self.source, line, what, why))

    @property
    def left_out(self) -> tuple[ImportNote, ...]:
        """The parts that are not imported, so far."""
        return tuple(self._left_out)

    def result(self, catalog: Catalog, lost: Sequence[str] = ()) -> ImportResult:
        """Return the catalog with all notes, in the order of the source."""
        in_order = [
            tuple(sorted(notes, key=lambda note: note.line))
            for notes in (self._left_out, self._warnings)
        ]
        return ImportResult(catalog, in_order[0], in_order[1], tuple(lost))


def remove_duplicates(
    services: Sequence[Service], notes: ImportNotes, line: int
) -> tuple[Service, ...]:
    """Remove duplicate services.

    Two services with a URL are duplicates if type and URL are equal. An example is EWS, which a
    document has in its own section and in a section for Exchange. The first service then gets the
    values that it lacks from the second one. Two services with a host are duplicates if all values
    are equal.

    Args:
        services: in the order of preference.
        notes: receives a note about each duplicate.
        line: of the source, for notes.
    """
    unique: dict[tuple[object, ...], Service] = {}
    for service in services:
        key = _identity(service)
        first = unique.setdefault(key, service)
        if first is service:
            continue
        endpoint = service.endpoint
        host_or_url = endpoint.host if isinstance(endpoint, HostEndpoint) else endpoint.url
        notes.leave_out(line, f"{service.type} {host_or_url}", "is a duplicate; imported only once")
        methods = tuple(dict.fromkeys((*first.authentication, *service.authentication)))
        login_name = first.login_name or service.login_name
        unique[key] = replace(first, authentication=methods, login_name=login_name)
    return tuple(unique.values())


def _identity(service: Service) -> tuple[object, ...]:
    """Return the values by which two services are compared."""
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return (replace(service, priority=None),)
    # RFC 3986 s6.2.2.1: scheme and host of a URL are the same in any case.
    scheme, _, rest = endpoint.url.partition("://")
    host, slash, path = rest.partition("/")
    return service.type, f"{scheme.lower()}://{host.lower()}{slash}{path}"


def with_priorities(services: Sequence[Service]) -> tuple[Service, ...]:
    """Return the services with priorities that keep the order of preference of the source.

    If POP3 is before IMAP, or STARTTLS before TLS, only a priority can express that.
    """
    # For each kind of section: the last priority, and the previous service.
    last_of_section: dict[str, tuple[int, Service | None]] = {}
    prioritized: list[Service] = []
    for service in services:
        section = "incoming" if service.type in INCOMING else service.type.value
        priority, before = last_of_section.get(section, (DEFAULT_PRIORITY, None))
        if before is not None and ordered((before, service))[0] is service:
            priority += 1
        last_of_section[section] = (priority, service)
        prioritized.append(
            replace(service, priority=None if priority == DEFAULT_PRIORITY else priority)
        )
    return ordered(prioritized)
