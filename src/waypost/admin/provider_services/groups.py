"""The services of all domains of a provider, as the audit log stores them: equal lists once."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from waypost.admin.objects import ObjectMistakes, in_stored_order, read_services
from waypost.admin.results import OMITTED, Data
from waypost.core.model import Service
from waypost.providers_file.models.service import ServiceTable

GROUPS_MAX_BYTES: Final = 256 * 1024
"""How many bytes of names and services one side of an entry has: names of some 10,000 domains."""
GROUPS: Final = "groups"
_REASON: Final = f"more than {GROUPS_MAX_BYTES // 1024} KiB of names and services"
_QUOTES_BYTES: Final = 3
"""Two quotation marks and a comma."""
_VERSION_BYTES: Final = 16
_CACHED_GROUPS: Final = 1000
"""How many groups are kept for the version alone."""
Services = tuple[Service, ...]


class ServiceGroups:
    """A builder of groups of domains with equal services, in bounded memory.

    The names of the group with the most are not needed: it is that of all other domains. The names
    of two groups are not kept if each of them is longer than `GROUPS_MAX_BYTES`.
    """

    def __init__(self) -> None:
        """Create it without domains."""
        self._groups: dict[Services, _Group] = {}
        self._bytes = 0
        self._most = 0
        self._is_too_large = False
        self._count = 0
        self._sum = 0

    def add(self, name: str, services: Services) -> None:
        """Add a domain.

        Args:
            name: of the domain or pattern; each is added once.
            services: in stored order.
        """
        group = self._groups.get(services)
        if group is None:
            group = _Group(services)
            if self._is_too_large and len(self._groups) == _CACHED_GROUPS:
                self._groups.clear()
            self._groups[services] = group
            self._bytes += group.services_bytes
        self._count += 1
        # A sum does not depend on the order of the domains.
        digest = hashlib.sha256(name.encode() + b"\0" + group.digest).digest()
        self._sum += int.from_bytes(digest[:_VERSION_BYTES])
        if self._is_too_large:
            return
        self._bytes += group.add(name)
        self._most = max(self._most, group.names_bytes)
        if self._bytes - self._most > GROUPS_MAX_BYTES:
            self._is_too_large = True
            self._groups.clear()

    @property
    def version(self) -> str:
        """A validator, which changes with the name or the services of each domain."""
        return f"{self._sum % 2 ** (8 * _VERSION_BYTES):032x}"

    def data(self, provider: str) -> Data:
        """Return one side of an entry of the audit log.

        Args:
            provider: its name.
        """
        head: Data = {"name": provider, "domains": self._count, "version": self.version}
        if self._is_too_large:
            return {**head, OMITTED: _REASON}
        groups = sorted(self._groups.values(), key=lambda one: one.names_bytes)
        return {**head, GROUPS: [one.data(is_rest=one is groups[-1]) for one in groups]}


class _Group:
    """Domains with equal services."""

    def __init__(self, services: Services) -> None:
        self.names_bytes = 0
        self._services = [ServiceTable.serialize(one) for one in services]
        raw = json.dumps(self._services, sort_keys=True, ensure_ascii=False).encode()
        self.digest = hashlib.sha256(raw).digest()
        self.services_bytes = len(raw)
        self._names: list[str] = []

    def add(self, name: str) -> int:
        """Add a domain, and return how many bytes its name takes."""
        size = len(name) + _QUOTES_BYTES
        self.names_bytes += size
        if self.names_bytes <= GROUPS_MAX_BYTES:
            self._names.append(name)
        else:
            self._names.clear()  # Only the group with the most names can be so large.
        return size

    def data(self, *, is_rest: bool) -> Data:
        """Return the group; that of all other domains has no names."""
        names = {} if is_rest else {"domains": sorted(self._names)}
        return {**names, "services": self._services}


class GroupedServices:
    """The services of each domain of a provider, from one side of an entry of the audit log."""

    def __init__(self, data: Mapping[str, Any], report: ObjectMistakes) -> None:
        """Read the groups.

        Args:
            data: one side of an entry, with groups.
            report: receives the mistakes of services that the present rules do not allow.
        """
        self._by_name: dict[str, Services] = {}
        self._rest: Services = ()
        for group in data[GROUPS]:
            services = in_stored_order(read_services(group["services"], report))
            if (names := group.get("domains")) is None:
                self._rest = services
            else:
                self._by_name |= dict.fromkeys(names, services)

    def of(self, name: str) -> Services:
        """Return the services of a domain."""
        return self._by_name.get(name, self._rest)


def has_groups(data: Mapping[str, Any] | None) -> bool:
    """Return whether one side of an entry has the services of all domains of a provider."""
    return data is not None and GROUPS in data
