"""The configuration of one client; formats render answers with it."""

from dataclasses import dataclass, replace

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model.provider import Provider
from waypost.core.model.service import Format, Service, ServiceType


@dataclass(frozen=True, slots=True)
class User:
    """A user, as the directory describes the user. Unknown texts are None.

    Attributes:
        login_name: how the user logs in.
        display_name: the user's full name, for people.
        attributes: for templates: pairs of a name and a value that its rule allows.
    """

    login_name: str | None = None
    display_name: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The configuration for one domain or one address.

    Attributes:
        domain: the requested one; answers name no other.
        address: as it was requested; None if only the domain is known.
        services: in the order of preference, with all placeholders expanded that can be; with an
            address all of them are.
        has_directory: the login name may be another than in the services, because a directory
            knows it.
        pinned_pacc: the PACC document to send, regardless of the other attributes, or None.
        mailbox_domain: the domain that the servers know; it differs for an alias.
    """

    domain: DomainName
    address: EmailAddress | None
    provider: Provider
    services: tuple[Service, ...]
    user: User = User()
    has_directory: bool = False
    pinned_pacc: bytes | None = None
    mailbox_domain: DomainName | None = None

    @property
    def mailbox(self) -> EmailAddress | None:
        """The address that the servers know: that of the mailbox, without a detail."""
        if self.address is None:
            return None
        mailbox = self.provider.mailbox_of(self.address)
        if self.mailbox_domain is None:
            return mailbox
        return replace(mailbox, domain=self.mailbox_domain)

    def for_format(self, discovery_format: Format) -> "ClientConfig":
        """Return the same configuration without the services that a format leaves out."""
        if all(discovery_format in service.formats for service in self.services):
            return self
        services = (service for service in self.services if discovery_format in service.formats)
        return replace(self, services=tuple(services))

    def of_type(self, *types: ServiceType) -> tuple[Service, ...]:
        """Return the services of these types, in the order of preference."""
        return tuple(service for service in self.services if service.type in types)

    def with_display_name(self, display_name: str | None) -> "ClientConfig":
        """Return the same configuration with the user's full name; None changes nothing."""
        if not display_name:
            return self
        return replace(self, user=replace(self.user, display_name=display_name))
