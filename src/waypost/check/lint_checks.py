"""The checks of the linter: each gives the places in an offer where something is found.

What clients do was seen in their sources in 2026-08, unless a line says something else.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from waypost.check.offered import (
    DIRECTIONS,
    FETCHED,
    MAIL,
    SELF_SUFFICIENT,
    Offered,
    has_port,
    host_of,
    is_ip_address,
    logs_in_with_address,
    named,
    on_tls_port,
    place_of,
    port_of,
    scheme,
    security,
    with_tls,
)
from waypost.model import INCOMING, Security, ServiceType
from waypost.placeholders import (
    LOGIN_NAME,
    attributes_in,
    has_placeholder,
    names_user,
    shared_url,
)

# draft-ietf-mailmaint-autoconfig-06 s"displayName", s"displayShortName"; PACC has the same.
NAME_MAX_CHARS: Final = 60
SHORT_NAME_MAX_CHARS: Final = 20

# From these Thunderbird's reader of Autodiscover understands STARTTLS, from all others TLS.
_STARTTLS_PORTS: Final = frozenset({143, 110, 25, 587})
_PACC_URL_TYPES: Final = (
    *(ServiceType.JMAP, ServiceType.CALDAV, ServiceType.CARDDAV, ServiceType.WEBDAV),
)


def no_incoming(offered: Offered) -> Iterator[str]:
    """Find that nobody can fetch mail."""
    if not offered.has(*INCOMING):
        yield ""


def no_outgoing(offered: Offered) -> Iterator[str]:
    """Find that nobody can send mail."""
    if offered.has(*FETCHED) and not offered.has(ServiceType.SMTP, *SELF_SUFFICIENT):
        yield ""


def modern_only(offered: Offered) -> Iterator[str]:
    """Find a document that is good by the draft, and of no use to most."""
    if offered.has(*SELF_SUFFICIENT) and not (
        offered.has(*FETCHED) and offered.has(ServiceType.SMTP)
    ):
        yield named(offered.of(*SELF_SUFFICIENT)[0])


def pop3_only(offered: Offered) -> Iterator[str]:
    """Find POP3 without IMAP."""
    if not offered.has(ServiceType.IMAP):
        yield from map(named, offered.of(ServiceType.POP3)[:1])


def pop3_first(offered: Offered) -> Iterator[str]:
    """Find POP3 in front of IMAP."""
    first = offered.of(*FETCHED)[:1]
    if offered.has(ServiceType.IMAP) and first and first[0].type is ServiceType.POP3:
        yield named(first[0])


def other_first(offered: Offered) -> Iterator[str]:
    """Find something newer in front of IMAP."""
    first = offered.of(*INCOMING)[:1]
    if offered.has(ServiceType.IMAP) and first and first[0].type in SELF_SUFFICIENT:
        yield named(first[0])


def plain_section(offered: Offered) -> Iterator[str]:
    """Find each section that says `plain` where K-9 reads it."""
    for service in offered.of(ServiceType.IMAP, ServiceType.SMTP):
        if security(service) is Security.NONE:
            yield named(service)


def no_tls(offered: Offered) -> Iterator[str]:
    """Find mail that is fetched or sent without any protection."""
    for types in DIRECTIONS:
        services = offered.of(*types)
        if services and {security(one) for one in services} == {Security.NONE}:
            yield named(services[0])


def starttls_only(offered: Offered) -> Iterator[str]:
    """Find mail that is fetched or sent by STARTTLS and never by TLS from the start."""
    for types in DIRECTIONS:
        services = offered.of(*types)
        found = {security(one) for one in services}
        if Security.STARTTLS in found and Security.TLS not in found:
            yield named(services[0])


def pacc_port(offered: Offered) -> Iterator[str]:
    """Find TLS on other ports than PACC has in mind, which has no word for them."""
    for types in DIRECTIONS:
        tls = with_tls(offered.of(*types))
        if tls and not any(on_tls_port(one) for one in tls):
            yield named(tls[0])


def pacc_login_name(offered: Offered) -> Iterator[str]:
    """Find login names that are not the address, which PACC has no word for."""
    for types in DIRECTIONS:
        tls = [one for one in with_tls(offered.of(*types)) if on_tls_port(one)]
        if tls and not any(logs_in_with_address(one) for one in tls):
            yield named(tls[0])


def pacc_directory(offered: Offered) -> Iterator[str]:
    """Find login names that a directory may say, which are not the same for all users."""
    if offered.has_directory and offered.has(*MAIL):
        yield ""


def odd_starttls_port(offered: Offered) -> Iterator[str]:
    """Find STARTTLS on ports from which TLS is understood."""
    for service in offered.of(*MAIL):
        if security(service) is Security.STARTTLS and port_of(service) not in _STARTTLS_PORTS:
            yield named(service)


def u_label_host(offered: Offered) -> Iterator[str]:
    """Find hosts, or templates of hosts, that are not written as A-labels."""
    for service in offered.services:
        if not host_of(service).isascii():
            yield named(service)


def ip_host(offered: Offered) -> Iterator[str]:
    """Find hosts without a name."""
    for service in offered.services:
        if is_ip_address(host_of(service)):
            yield named(service)


def local_part_host(offered: Offered) -> Iterator[str]:
    """Find hosts that are unknown as long as only the domain is."""
    for service in offered.of(*MAIL):
        host = host_of(service).upper().replace("%EMAILDOMAIN%", "")
        if has_placeholder(host):
            yield named(service)


def directory_host(offered: Offered) -> Iterator[str]:
    """Find services that exist only for a user whom the directory was asked about."""
    for service in offered.services:
        if not (offered.always_known | {LOGIN_NAME}).issuperset(attributes_in(place_of(service))):
            yield named(service)


def directory_login_name(offered: Offered) -> Iterator[str]:
    """Find login names that exist only for a user whom the directory was asked about."""
    for service in offered.of(*MAIL):
        if not offered.always_known.issuperset(attributes_in(service.login_name or "")):
            yield named(service)


def directory_by_address(offered: Offered) -> Iterator[str]:
    """Find login names that are others for a user whom the directory was asked about."""
    for service in offered.of(*MAIL) if offered.has_directory else ():
        if not any(attributes_in(service.login_name or "")):
            yield named(service)
            return


def subaddress_login_name(offered: Offered) -> Iterator[str]:
    """Find login names without a detail, which is left out only where the address is known."""
    if offered.provider is None or not offered.provider.subaddress_separators:
        return
    if any(names_user(service.login_name or "") for service in offered.of(*MAIL)):
        yield ""


def no_login_name(offered: Offered) -> Iterator[str]:
    """Find services for which the client shall ask the user for a login name."""
    for service in offered.of(ServiceType.IMAP, ServiceType.SMTP):
        if service.login_name is None:
            yield named(service)


def plain_last(offered: Offered) -> Iterator[str]:
    """Find a last service without TLS behind others that have it."""
    for kind in MAIL:
        services = offered.of(kind)
        found = [security(one) for one in services]
        if found[-1:] == [Security.NONE] and set(found) != {Security.NONE}:
            yield named(services[-1])


def last_host(offered: Offered) -> Iterator[str]:
    """Find a last service on another host than the preferred one."""
    for kind in MAIL:
        services = offered.of(kind)
        if services and host_of(services[-1]) != host_of(services[0]):
            yield named(services[-1])


def last_smtp_host(offered: Offered) -> Iterator[str]:
    """Find the same of SMTP alone."""
    services = offered.of(ServiceType.SMTP)
    if services and host_of(services[-1]) != host_of(services[0]):
        yield named(services[-1])


def http_url(offered: Offered) -> Iterator[str]:
    """Find URLs that are not encrypted."""
    for service in offered.services:
        if scheme(service) == "http":
            yield named(service)


def url_port(offered: Offered) -> Iterator[str]:
    """Find URLs with a port, which PACC forbids."""
    for service in offered.of(*_PACC_URL_TYPES):
        if scheme(service) == "https" and has_port(service):
            yield named(service)


def dav_origin(offered: Offered) -> Iterator[str]:
    """Find calendars and address books of which all users share nothing but the origin.

    io-pim-discovery 5036dfa asks at /.well-known/ too, because it saw servers that have nothing at
    the bare origin.
    """
    for service in offered.of(ServiceType.CALDAV, ServiceType.CARDDAV):
        with suppress(ValueError):
            url = shared_url(place_of(service))
            if url is not None and urlsplit(url).path in {"", "/"}:
                yield named(service)


def long_name(offered: Offered) -> Iterator[str]:
    """Find a name that is longer than the drafts allow."""
    if offered.provider is not None and len(offered.provider.name) > NAME_MAX_CHARS:
        yield f'name "{offered.provider.name}"'


def long_short_name(offered: Offered) -> Iterator[str]:
    """Find the same of the short name."""
    if offered.provider is not None and len(offered.provider.short_name) > SHORT_NAME_MAX_CHARS:
        yield f'short_name "{offered.provider.short_name}"'
