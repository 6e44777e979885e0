"""What an answer is made of."""

from dataclasses import dataclass, replace

from waypost.address import DomainName, EmailAddress
from waypost.model.provider import Provider
from waypost.model.service import Format, Service, ServiceType


@dataclass(frozen=True, slots=True)
class Person:
    """Who a user is. Texts that are not known are None.

    Attributes:
        login_name: how the user logs in.
        display_name: what people call the user.
        attributes: what templates may use: pairs of a name and a value that its rule allows.
    """

    login_name: str | None = None
    display_name: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Everything an answer is made of, for one domain or one address.

    Attributes:
        domain: the one that was asked for; answers name no other.
        address: as it was asked for; None where only the domain is known.
        services: in the order of preference, all placeholders expanded that can be; with an
            address none is left.
        has_directory: a directory may know other login names than what the services say here.
        pinned_pacc: the PACC document that goes out whatever the rest says, or None.
    """

    domain: DomainName
    address: EmailAddress | None
    provider: Provider
    services: tuple[Service, ...]
    person: Person = Person()
    has_directory: bool = False
    pinned_pacc: bytes | None = None

    @property
    def user(self) -> EmailAddress | None:
        """The address by which the servers know the user: that of the mailbox, without a detail."""
        return None if self.address is None else self.provider.user_of(self.address)

    def within(self, form: Format) -> "ClientConfig":
        """Return the same configuration without the services that are kept out of a format."""
        if all(form in service.formats for service in self.services):
            return self
        return replace(self, services=tuple(one for one in self.services if form in one.formats))

    def of_type(self, *types: ServiceType) -> tuple[Service, ...]:
        """Return the services of these types, in the order of preference."""
        return tuple(service for service in self.services if service.type in types)

    def named(self, display_name: str | None) -> "ClientConfig":
        """Return the same configuration for a person of this name; None leaves it as it is."""
        if not display_name:
            return self
        return replace(self, person=replace(self.person, display_name=display_name))
