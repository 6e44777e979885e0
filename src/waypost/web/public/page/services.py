"""The services of an account as the setup page lists them, for users who type them in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from waypost.core.model import ClientConfig, HostEndpoint, Security, Service, ServiceType

_PROTECTION: Final = {Security.TLS: "SSL/TLS", Security.STARTTLS: "STARTTLS"}
# The key of a heading, and the types below it. The names of protocols need no translation.
PURPOSES: Final = (
    ("incoming", (ServiceType.IMAP, ServiceType.POP3)),
    ("outgoing", (ServiceType.SMTP,)),
    ("calendar", (ServiceType.CALDAV,)),
    ("contacts", (ServiceType.CARDDAV, ServiceType.LDAP)),
    ("other_services", (ServiceType.ACTIVESYNC,)),
)
PROTOCOLS: Final = {
    ServiceType.IMAP: "IMAP",
    ServiceType.POP3: "POP3",
    ServiceType.SMTP: "SMTP",
    ServiceType.CALDAV: "CalDAV",
    ServiceType.CARDDAV: "CardDAV",
    ServiceType.LDAP: "LDAP",
    ServiceType.ACTIVESYNC: "Exchange ActiveSync",
}


@dataclass(frozen=True, slots=True)
class ListedField:
    """A value to type in.

    Attributes:
        name: the key of the text with its name.
        value: what the user types in or chooses.
        can_copy: whether users copy the value, rather than choose it from a list.
    """

    name: str
    value: str
    can_copy: bool = True


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service.

    Attributes:
        protocol: its name.
        fields: in the order of the fields in programs.
    """

    protocol: str
    fields: tuple[ListedField, ...]


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """The services for one purpose.

    Attributes:
        purpose: the key of its heading.
        services: the preferred one of each protocol.
        alternatives: the others.
    """

    purpose: str
    services: tuple[ListedService, ...]
    alternatives: tuple[ListedService, ...]


@dataclass(frozen=True, slots=True)
class ServiceList:
    """All that users type in.

    Attributes:
        login: the user name, if it is the same for all services.
        groups: the services by their purpose.
    """

    login: str | None
    groups: tuple[ServiceGroup, ...]


def list_services(config: ClientConfig, unprotected: str) -> ServiceList:
    """Return the services to type in.

    Args:
        config: of an address.
        unprotected: the text for a connection without encryption.
    """
    listed = config.of_type(*PROTOCOLS)
    logins = {service.login_name for service in listed}
    login = next(iter(logins)) if len(logins) == 1 else None
    groups = (
        _group(purpose, config.of_type(*types), unprotected, login) for purpose, types in PURPOSES
    )
    return ServiceList(login, tuple(group for group in groups if group is not None))


def has_dav(config: ClientConfig) -> bool:
    """Return whether an account has a calendar or an address book."""
    return bool(config.of_type(ServiceType.CALDAV, ServiceType.CARDDAV))


def _group(
    purpose: str, services: Iterable[Service], unprotected: str, login: str | None
) -> ServiceGroup | None:
    first: dict[ServiceType, ListedService] = {}
    others: list[ListedService] = []
    for service in services:
        listed = _listed(service, unprotected, login)
        # One server is enough for mail: POP3 is an alternative to IMAP.
        if first and (purpose == "incoming" or service.type in first):
            others.append(listed)
        else:
            first[service.type] = listed
    return ServiceGroup(purpose, tuple(first.values()), tuple(others)) if first else None


def _listed(service: Service, unprotected: str, login: str | None) -> ListedService:
    endpoint = service.endpoint
    fields: tuple[ListedField, ...]
    if isinstance(endpoint, HostEndpoint):
        protection = _PROTECTION.get(endpoint.security, unprotected)
        fields = (
            ListedField("server", endpoint.host),
            ListedField("port", str(endpoint.port)),
            ListedField("protection", protection, can_copy=False),
        )
    else:
        fields = (ListedField("url", endpoint.url),)
    if service.login_name and service.login_name != login:
        fields = (*fields, ListedField("login", service.login_name))
    return ListedService(PROTOCOLS[service.type], fields)
