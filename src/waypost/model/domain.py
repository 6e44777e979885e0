"""What is kept of domains, one by one and all together."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from waypost.address import DomainName
from waypost.model.directory import Directory, SqlDirectory, Users
from waypost.model.pattern import DomainPattern
from waypost.model.provider import Provider
from waypost.model.service import Service


@dataclass(frozen=True, slots=True)
class Away:
    """What clients are told of a domain whose mail is elsewhere; at most one of the two.

    With neither, the domain is declined: it is as if it were not here at all.

    Attributes:
        address_domain: the domain (A-label) where the same local part is the user's new address.
        url: the https URL of the Autodiscover that knows the domain.
    """

    address_domain: str | None = None
    url: str | None = None

    def leads_back(self, domain: DomainName, public_url: str | None = None) -> bool:
        """Return whether clients of a domain would be sent to where they ask already.

        They ask at `autodiscover.` of it by themselves (MS-OXDISCO s3.1.5.2).

        Args:
            domain: theirs.
            public_url: where clients of all domains reach Waypost, if that is known.
        """
        if self.url is None:
            return self.address_domain == domain.ascii
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").lower()
        if path != "/autodiscover/autodiscover.xml":
            return False
        own = urlsplit(public_url or "")
        same_place = (own.hostname, own.port or 443) == (parts.hostname, parts.port or 443)
        return same_place or parts.hostname == f"autodiscover.{domain}"


@dataclass(frozen=True, slots=True)
class Domain:
    """What a store keeps for a domain, or for all domains that match a pattern.

    Attributes:
        services: as configured; `preference` puts them in order.
        users: who is asked about users, or None.
        away: where its mail is instead; None where it is here.
        pinned_pacc: the PACC document that goes out, to the byte, in place of the one that follows
            from all of this; of one domain alone. It is a state, and no part of a configuration.
    """

    pattern: DomainPattern
    provider: Provider
    services: tuple[Service, ...]
    users: Users | None = None
    away: Away | None = None
    pinned_pacc: bytes | None = None

    @property
    def is_declined(self) -> bool:
        """Return whether the domain is as if it were not here at all."""
        return self.away == Away()


@dataclass(frozen=True, slots=True)
class Borrowed:
    """The domains that another database knows, without their names.

    Attributes:
        directory: has a `domains_query`.
        provider: whose domains they are.
        services, users, away: of each of them.
    """

    directory: SqlDirectory
    provider: Provider
    services: tuple[Service, ...]
    users: Users | None = None
    away: Away | None = None

    def for_domain(self, domain: DomainName) -> Domain:
        """Return the entry of a domain that the database knows."""
        pattern = DomainPattern(domain.ascii)
        return Domain(pattern, self.provider, self.services, self.users, self.away)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a store keeps: what a providers file says, what `apply` writes and `export` reads.

    Attributes:
        domains: sorted by provider as configured; every pattern at most once. There may be more
            of them than should be in memory: then each is made anew whenever it is asked for.
        directories: those of all domains, and perhaps more; automx2's rows first, by their ids,
            then the others, as configured.
        idle_providers: providers that have no domain (automx2 databases may hold some).
        borrowed: domains that other databases know; a database of Waypost's own has none.
    """

    domains: Sequence[Domain] = ()
    directories: tuple[Directory, ...] = ()
    idle_providers: tuple[Provider, ...] = ()
    borrowed: tuple[Borrowed, ...] = ()
