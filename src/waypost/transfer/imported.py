"""What an import gives, and how it notes what has no place in Waypost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.model import DEFAULT_PRIORITY, INCOMING, Catalog, HostEndpoint, Service
from waypost.preference import ordered


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the source that is not, or not exactly, carried over.

    Attributes:
        source: the file or the URL.
        line: from 1.
        what: the element or the key.
        why: for people; what was done instead, where something was.
    """

    source: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        """Return the one line that people read."""
        return f"{self.source}: line {self.line}: {self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read.

    Attributes:
        catalog: the providers and their domains.
        left_out: what the catalog does not say although the source does.
        warnings: what is carried over, but should be looked at.
        lost: the domains of the source of which nothing can be carried over.
    """

    catalog: Catalog
    left_out: tuple[Note, ...]
    warnings: tuple[Note, ...]
    lost: tuple[str, ...] = ()


class Notes:
    """Collects the notes of one source."""

    def __init__(self, source: str) -> None:
        """Take the name of the file or the URL."""
        self.source = source
        self._left_out: dict[Note, None] = {}
        self._warnings: dict[Note, None] = {}

    def leave_out(self, line: int, what: str, why: str) -> None:
        """Note what is not carried over; the same note counts once."""
        self._left_out.setdefault(Note(self.source, line, what, why))

    def warn(self, line: int, what: str, why: str) -> None:
        """Note what is carried over, but should be looked at."""
        self._warnings.setdefault(Note(self.source, line, what, why))

    @property
    def left_out(self) -> tuple[Note, ...]:
        """What is not carried over, until now."""
        return tuple(self._left_out)

    def result(self, catalog: Catalog, lost: Sequence[str] = ()) -> Imported:
        """Return all of it, in the order of the source."""
        in_order = [
            tuple(sorted(notes, key=lambda note: note.line))
            for notes in (self._left_out, self._warnings)
        ]
        return Imported(catalog, in_order[0], in_order[1], tuple(lost))


def once(services: Sequence[Service], notes: Notes, line: int) -> tuple[Service, ...]:
    """Keep one of services that are the same.

    Two services with a URL are the same if type and URL are, as with EWS that a document names in
    a section of its own and in one for Exchange: the first takes what it lacks from the other.
    Two with a host are the same if all is.

    Args:
        services: in the order of preference.
        notes: gets what was said again.
        line: of the source, for notes.
    """
    kept: dict[tuple[object, ...], Service] = {}
    for service in services:
        key = _identity(service)
        first = kept.setdefault(key, service)
        if first is service:
            continue
        endpoint = service.endpoint
        place = endpoint.host if isinstance(endpoint, HostEndpoint) else endpoint.url
        notes.leave_out(line, f"{service.type} {place}", "is there already; carried over once")
        methods = tuple(dict.fromkeys((*first.authentication, *service.authentication)))
        login_name = first.login_name or service.login_name
        kept[key] = replace(first, authentication=methods, login_name=login_name)
    return tuple(kept.values())


def _identity(service: Service) -> tuple[object, ...]:
    """Return what tells a service from others."""
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return (replace(service, priority=None),)
    # RFC 3986 s6.2.2.1: scheme and host of a URL are the same in any case.
    scheme, _, rest = endpoint.url.partition("://")
    host, slash, path = rest.partition("/")
    return service.type, f"{scheme.lower()}://{host.lower()}{slash}{path}"


def with_priorities(services: Sequence[Service]) -> tuple[Service, ...]:
    """Keep the order of the source, which is that of preference, against that of Waypost.

    If POP3 is in front of IMAP, or STARTTLS in front of TLS, only a priority can say so.
    """
    # For each kind of section: the priority that it has come to, and the service before.
    reached: dict[str, tuple[int, Service | None]] = {}
    found: list[Service] = []
    for service in services:
        section = "incoming" if service.type in INCOMING else service.type.value
        priority, before = reached.get(section, (DEFAULT_PRIORITY, None))
        if before is not None and ordered((before, service))[0] is service:
            priority += 1
        reached[section] = (priority, service)
        found.append(replace(service, priority=None if priority == DEFAULT_PRIORITY else priority))
    return ordered(found)
