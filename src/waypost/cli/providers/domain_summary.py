"""What `waypost domain list` and `domain show` print about a domain, from each source."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from waypost.admin.objects import ObjectMistakes, read_services
from waypost.admin.remote.client import RemoteAdmin
from waypost.core.address import DomainName
from waypost.core.errors import ObjectNotFound
from waypost.core.model import (
    LDAPSERVER_PREFIX,
    Domain,
    Redirect,
    Service,
    UnknownUser,
    candidates,
)
from waypost.providers_file.catalog import default_short_name


@dataclass(frozen=True, slots=True)
class DirectoryUse:
    """How the users of a domain are looked up.

    Attributes:
        label: the name of the directory.
        unknown_user: the answer for an unknown user.
        show_display_name: whether clients receive the names of users.
    """

    label: str
    unknown_user: str
    show_display_name: bool


@dataclass(frozen=True, slots=True)
class DomainSummary:
    """A domain as the commands print it. The attributes are those of `Domain`."""

    pattern: str
    provider: str
    short_name: str
    subaddress_separators: str
    services: tuple[Service, ...]
    users: DirectoryUse | None = None
    alias_of: str | None = None
    redirect: Redirect | None = None

    def to_json(self) -> dict[str, object]:
        """Return the entry for --json."""
        return {
            "pattern": self.pattern,
            "provider": self.provider,
            "short_name": self.short_name,
            "directory": None if self.users is None else self.users.label,
            "services": len(self.services),
            "alias_of": self.alias_of,
            "redirect": None if self.redirect is None else asdict(self.redirect),
        }


def summary_of(domain: Domain) -> DomainSummary:
    """Return the summary of a domain."""
    users = domain.users
    return DomainSummary(
        domain.pattern.text,
        domain.provider.name,
        domain.provider.short_name,
        domain.provider.subaddress_separators,
        domain.services,
        None
        if users is None
        else DirectoryUse(users.directory.label, users.unknown_user.value, users.show_display_name),
        domain.alias_of,
        domain.redirect,
    )


class RemoteSummaries:
    """Summaries of the domains of another Waypost; each provider is read once."""

    def __init__(self, admin: RemoteAdmin) -> None:
        """Initialize with the API of the other Waypost."""
        self._admin = admin
        self._providers: dict[str, Mapping[str, Any]] = {}
        self._followed: dict[str, DomainSummary | None] = {}

    def find(self, name: DomainName) -> DomainSummary | None:
        """Return the entry that matches a domain best, or None."""
        for pattern in candidates(name):
            try:
                return self.read(self._admin.get_domain(pattern.text).data)
            except ObjectNotFound:
                continue
        return None

    def read(self, data: Mapping[str, Any]) -> DomainSummary:
        """Return the summary of an object of the API.

        An alias has the services of the other domain, unless the token must not read these.
        """
        name, provider_name = data["name"], data["provider"]
        provider = self._provider(provider_name)
        report = ObjectMistakes()
        services = read_services(data.get("services", []), report)
        report.check()
        own = DomainSummary(
            name,
            provider_name,
            provider.get("short_name") or default_short_name(provider_name),
            provider.get("subaddress_separators", ""),
            services,
            _directory_use(data.get("users")),
            None,
            _redirect(data),
        )
        alias_of = data.get("alias_of")
        if alias_of is None:
            return own
        other = self._follow(alias_of) or own
        return replace(other, pattern=name, alias_of=alias_of)

    def _follow(self, name: str) -> DomainSummary | None:
        if name not in self._followed:
            self._followed[name] = None  # An alias of an alias, which Waypost does not store.
            self._followed[name] = self.find(DomainName.parse(name))
        return self._followed[name]

    def _provider(self, name: str) -> Mapping[str, Any]:
        if name not in self._providers:
            try:
                self._providers[name] = self._admin.get_provider(name).data
            except ObjectNotFound:  # Removed since the list was read.
                self._providers[name] = {}
        return self._providers[name]


def _directory_use(users: Mapping[str, Any] | None) -> DirectoryUse | None:
    if users is None:
        return None
    label = users.get("directory") or f"{LDAPSERVER_PREFIX}{users['ldapserver']}"
    unknown_user = users.get("unknown_user", UnknownUser.ANSWER.value)
    return DirectoryUse(label, unknown_user, bool(users.get("show_display_name")))


def _redirect(data: Mapping[str, Any]) -> Redirect | None:
    address, url = data.get("redirect_address"), data.get("redirect_url")
    is_redirected = address is not None or url is not None or data.get("declined")
    return Redirect(address, url) if is_redirected else None
