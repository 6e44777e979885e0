"""The entries for domains, and the catalog of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model.directory import Directory, DirectoryPolicy, SqlDirectory
from waypost.core.model.pattern import DomainPattern
from waypost.core.model.provider import Provider
from waypost.core.model.service import Service


@dataclass(frozen=True, slots=True)
class Redirect:
    """The redirect for a domain whose mail is elsewhere; at most one of the two is given.

    With neither, the domain is declined: Waypost answers as if it did not serve the domain.

    Attributes:
        address_domain: the domain (A-label) of the user's new address, with the same local part.
        url: the https URL of the Autodiscover server for the domain.
    """

    address_domain: str | None = None
    url: str | None = None

    def is_loop_for(self, domain: DomainName, public_url: str | None = None) -> bool:
        """Return whether the redirect would send clients to the place that they asked already.

        Clients ask `autodiscover.` of their domain without a redirect (MS-OXDISCO s3.1.5.2).

        Args:
            domain: the clients' domain.
            public_url: where clients of all domains reach Waypost, if that is known.
        """
        if self.url is None:
            return self.address_domain == domain.ascii
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").lower()
        if path != "/autodiscover/autodiscover.xml":
            return False
        own = urlsplit(public_url or "")
        is_waypost = (own.hostname, own.port or 443) == (parts.hostname, parts.port or 443)
        return is_waypost or parts.hostname == f"autodiscover.{domain}"


@dataclass(frozen=True, slots=True)
class Domain:
    """The entry for a domain, or for all domains that match a pattern.

    Attributes:
        services: as configured; `preference` sorts them.
        users: how its users are looked up, or None.
        redirect: the redirect if the mail is elsewhere; else None.
        pinned_pacc: the PACC document to send byte for byte, instead of the one that Waypost would
            render; only for one domain, not for a pattern. It is state, not configuration.
        alias_of: the domain (A-label) whose mailboxes users of this domain have, or None.
    """

    pattern: DomainPattern
    provider: Provider
    services: tuple[Service, ...]
    users: DirectoryPolicy | None = None
    redirect: Redirect | None = None
    pinned_pacc: bytes | None = None
    alias_of: str | None = None

    def resolve_alias(self, domain: DomainName) -> DomainName:
        """Return the domain that the mail servers know: the other one if this is an alias."""
        return domain if self.alias_of is None else DomainName(self.alias_of)

    def mailbox_of(self, address: EmailAddress) -> EmailAddress:
        """Return the address of a user as the mail servers and the directory know it."""
        mailbox = self.provider.mailbox_of(address)
        if self.alias_of is None:
            return mailbox
        return replace(mailbox, domain=DomainName(self.alias_of))

    @property
    def is_declined(self) -> bool:
        """Return whether Waypost answers as if it did not serve the domain."""
        return self.redirect == Redirect()


@dataclass(frozen=True, slots=True)
class ExternalDomains:
    """Domains that exist in another database, without their names.

    Attributes:
        directory: the database, with a `domains_query`.
        provider: the provider of the domains.
        services, users, away: the same for each of them.
    """

    directory: SqlDirectory
    provider: Provider
    services: tuple[Service, ...]
    users: DirectoryPolicy | None = None
    redirect: Redirect | None = None

    def for_domain(self, domain: DomainName) -> Domain:
        """Return the entry of a domain that exists in the database."""
        pattern = DomainPattern(domain.ascii)
        return Domain(pattern, self.provider, self.services, self.users, self.redirect)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The whole content of a store: of a providers file, of `apply`, or of `export`.

    Attributes:
        domains: sorted by provider as configured; every pattern at most once. If there are more
            domains than should be in memory, each value is created when it is read.
        directories: those of all domains, and perhaps more; automx2's rows first, by their ids,
            then the others, as configured.
        unused_providers: providers that have no domain (automx2 databases may contain some).
        external_domains: domains that exist in other databases; Waypost's own database has none.
    """

    domains: Sequence[Domain] = ()
    directories: tuple[Directory, ...] = ()
    unused_providers: tuple[Provider, ...] = ()
    external_domains: tuple[ExternalDomains, ...] = ()
