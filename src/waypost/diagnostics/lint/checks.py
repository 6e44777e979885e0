"""The checks of the linter: each yields the places in an offer where its rule applies.

What clients do was seen in their sources in 2026-08, unless a line says something else.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import INCOMING, Security, ServiceType
from waypost.core.placeholders import (
    LOGIN_NAME,
    attributes_in,
    has_placeholder,
    names_user,
    shared_url,
)
from waypost.diagnostics.lint.target import (
    DIRECTIONS,
    FETCHED,
    MAIL,
    SELF_SUFFICIENT,
    LintTarget,
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

# draft-ietf-mailmaint-autoconfig-06 s"displayName", s"displayShortName"; PACC has the same.
NAME_MAX_CHARS: Final = 60
SHORT_NAME_MAX_CHARS: Final = 20

# On these ports Thunderbird's Autodiscover reader uses STARTTLS, on all others TLS.
_STARTTLS_PORTS: Final = frozenset({143, 110, 25, 587})
_PACC_URL_TYPES: Final = (
    *(ServiceType.JMAP, ServiceType.CALDAV, ServiceType.CARDDAV, ServiceType.WEBDAV),
)


def no_incoming(offered: LintTarget) -> Iterator[str]:
    """Yield the whole offer if no user can fetch mail."""
    if not offered.has(*INCOMING):
        yield ""


def no_outgoing(offered: LintTarget) -> Iterator[str]:
    """Yield the whole offer if no user can send mail."""
    if offered.has(*FETCHED) and not offered.has(ServiceType.SMTP, *SELF_SUFFICIENT):
        yield ""


def modern_only(offered: LintTarget) -> Iterator[str]:
    """Yield a service of a newer type if IMAP, POP3 or SMTP is missing.

    The draft allows such a document, but most clients cannot use it.
    """
    if offered.has(*SELF_SUFFICIENT) and not (
        offered.has(*FETCHED) and offered.has(ServiceType.SMTP)
    ):
        yield named(offered.of(*SELF_SUFFICIENT)[0])


def pop3_only(offered: LintTarget) -> Iterator[str]:
    """Yield the first POP3 service if there is no IMAP service."""
    if not offered.has(ServiceType.IMAP):
        yield from map(named, offered.of(ServiceType.POP3)[:1])


def pop3_first(offered: LintTarget) -> Iterator[str]:
    """Yield a POP3 service that comes before IMAP."""
    first = offered.of(*FETCHED)[:1]
    if offered.has(ServiceType.IMAP) and first and first[0].type is ServiceType.POP3:
        yield named(first[0])


def other_first(offered: LintTarget) -> Iterator[str]:
    """Yield a service of a newer type that comes before IMAP."""
    first = offered.of(*INCOMING)[:1]
    if offered.has(ServiceType.IMAP) and first and first[0].type in SELF_SUFFICIENT:
        yield named(first[0])


def plain_section(offered: LintTarget) -> Iterator[str]:
    """Yield IMAP and SMTP services without TLS, the sections that K-9 reads."""
    for service in offered.of(ServiceType.IMAP, ServiceType.SMTP):
        if security(service) is Security.NONE:
            yield named(service)


def no_tls(offered: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent only without TLS."""
    for types in DIRECTIONS:
        services = offered.of(*types)
        if services and {security(one) for one in services} == {Security.NONE}:
            yield named(services[0])


def starttls_only(offered: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent by STARTTLS but not by TLS."""
    for types in DIRECTIONS:
        services = offered.of(*types)
        found = {security(one) for one in services}
        if Security.STARTTLS in found and Security.TLS not in found:
            yield named(services[0])


def pacc_port(offered: LintTarget) -> Iterator[str]:
    """Yield a TLS service if none is on a registered port: PACC cannot contain another port."""
    for types in DIRECTIONS:
        tls = with_tls(offered.of(*types))
        if tls and not any(on_tls_port(one) for one in tls):
            yield named(tls[0])


def pacc_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield a service if no login name is the address: PACC cannot contain another one."""
    for types in DIRECTIONS:
        tls = [one for one in with_tls(offered.of(*types)) if on_tls_port(one)]
        if tls and not any(logs_in_with_address(one) for one in tls):
            yield named(tls[0])


def pacc_directory(offered: LintTarget) -> Iterator[str]:
    """Yield the whole offer if a directory may return another login name for each user."""
    if offered.has_directory and offered.has(*MAIL):
        yield ""


def odd_starttls_port(offered: LintTarget) -> Iterator[str]:
    """Yield services with STARTTLS on a port for TLS."""
    for service in offered.of(*MAIL):
        if security(service) is Security.STARTTLS and port_of(service) not in _STARTTLS_PORTS:
            yield named(service)


def u_label_host(offered: LintTarget) -> Iterator[str]:
    """Yield services whose host, or template of a host, is not written as A-labels."""
    for service in offered.services:
        if not host_of(service).isascii():
            yield named(service)


def ip_host(offered: LintTarget) -> Iterator[str]:
    """Yield services whose host is an IP address."""
    for service in offered.services:
        if is_ip_address(host_of(service)):
            yield named(service)


def local_part_host(offered: LintTarget) -> Iterator[str]:
    """Yield services whose host is unknown if only the domain is known."""
    for service in offered.of(*MAIL):
        host = host_of(service).upper().replace("%EMAILDOMAIN%", "")
        if has_placeholder(host):
            yield named(service)


def directory_host(offered: LintTarget) -> Iterator[str]:
    """Yield services whose place is known only after a directory look-up."""
    for service in offered.services:
        if not (offered.always_known | {LOGIN_NAME}).issuperset(attributes_in(place_of(service))):
            yield named(service)


def directory_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield services whose login name is known only after a directory look-up."""
    for service in offered.of(*MAIL):
        if not offered.always_known.issuperset(attributes_in(service.login_name or "")):
            yield named(service)


def directory_by_address(offered: LintTarget) -> Iterator[str]:
    """Yield a service whose login name may change after a directory look-up."""
    for service in offered.of(*MAIL) if offered.has_directory else ():
        if not any(attributes_in(service.login_name or "")):
            yield named(service)
            return


def subaddress_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield the whole offer if a login name depends on removing the detail from the address."""
    if offered.provider is None or not offered.provider.subaddress_separators:
        return
    if any(names_user(service.login_name or "") for service in offered.of(*MAIL)):
        yield ""


def no_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield services without a login name: the client has to ask the user for it."""
    for service in offered.of(ServiceType.IMAP, ServiceType.SMTP):
        if service.login_name is None:
            yield named(service)


def plain_last(offered: LintTarget) -> Iterator[str]:
    """Yield the last service of a type if it has no TLS and others have it."""
    for kind in MAIL:
        services = offered.of(kind)
        found = [security(one) for one in services]
        if found[-1:] == [Security.NONE] and set(found) != {Security.NONE}:
            yield named(services[-1])


def last_host(offered: LintTarget) -> Iterator[str]:
    """Yield the last service of a type if its host is not the preferred one."""
    for kind in MAIL:
        services = offered.of(kind)
        if services and host_of(services[-1]) != host_of(services[0]):
            yield named(services[-1])


def last_smtp_host(offered: LintTarget) -> Iterator[str]:
    """Yield the last SMTP service if its host is not the preferred one."""
    services = offered.of(ServiceType.SMTP)
    if services and host_of(services[-1]) != host_of(services[0]):
        yield named(services[-1])


def http_url(offered: LintTarget) -> Iterator[str]:
    """Yield services with an http URL."""
    for service in offered.services:
        if scheme(service) == "http":
            yield named(service)


def url_port(offered: LintTarget) -> Iterator[str]:
    """Yield services whose URL has a port, which PACC forbids."""
    for service in offered.of(*_PACC_URL_TYPES):
        if scheme(service) == "https" and has_port(service):
            yield named(service)


def dav_origin(offered: LintTarget) -> Iterator[str]:
    """Yield calendars and address books whose URL shares only the origin between users.

    io-pim-discovery 5036dfa asks at /.well-known/ too, because some servers have nothing at the
    origin itself.
    """
    for service in offered.of(ServiceType.CALDAV, ServiceType.CARDDAV):
        with suppress(ValueError):
            url = shared_url(place_of(service))
            if url is not None and urlsplit(url).path in {"", "/"}:
                yield named(service)


def long_name(offered: LintTarget) -> Iterator[str]:
    """Yield a name that is longer than the drafts allow."""
    if offered.provider is not None and len(offered.provider.name) > NAME_MAX_CHARS:
        yield f'name "{offered.provider.name}"'


def long_short_name(offered: LintTarget) -> Iterator[str]:
    """Yield a short name that is longer than the drafts allow."""
    if offered.provider is not None and len(offered.provider.short_name) > SHORT_NAME_MAX_CHARS:
        yield f'short_name "{offered.provider.short_name}"'
