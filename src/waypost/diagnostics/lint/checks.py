"""The checks of the linter: each yields the places in a target where its rule applies.

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
    MAIL_TYPES,
    RETRIEVAL_TYPES,
    SELF_SUFFICIENT,
    LintTarget,
    describe_service,
    has_port,
    host_of,
    host_or_url,
    is_ip_address,
    login_name_is_address,
    on_tls_port,
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


def no_incoming(target: LintTarget) -> Iterator[str]:
    """Yield an empty text if no user can fetch mail."""
    if not target.has(*INCOMING):
        yield ""


def no_outgoing(target: LintTarget) -> Iterator[str]:
    """Yield an empty text if no user can send mail."""
    if target.has(*RETRIEVAL_TYPES) and not target.has(ServiceType.SMTP, *SELF_SUFFICIENT):
        yield ""


def modern_only(target: LintTarget) -> Iterator[str]:
    """Yield a service of a newer type if IMAP, POP3 or SMTP is missing.

    The draft allows such a document, but most clients cannot use it.
    """
    if target.has(*SELF_SUFFICIENT) and not (
        target.has(*RETRIEVAL_TYPES) and target.has(ServiceType.SMTP)
    ):
        yield describe_service(target.of_types(*SELF_SUFFICIENT)[0])


def pop3_only(target: LintTarget) -> Iterator[str]:
    """Yield the first POP3 service if there is no IMAP service."""
    if not target.has(ServiceType.IMAP):
        yield from map(describe_service, target.of_types(ServiceType.POP3)[:1])


def pop3_first(target: LintTarget) -> Iterator[str]:
    """Yield a POP3 service that comes before IMAP."""
    first = target.of_types(*RETRIEVAL_TYPES)[:1]
    if target.has(ServiceType.IMAP) and first and first[0].type is ServiceType.POP3:
        yield describe_service(first[0])


def other_first(target: LintTarget) -> Iterator[str]:
    """Yield a service of a newer type that comes before IMAP."""
    first = target.of_types(*INCOMING)[:1]
    if target.has(ServiceType.IMAP) and first and first[0].type in SELF_SUFFICIENT:
        yield describe_service(first[0])


def plain_section(target: LintTarget) -> Iterator[str]:
    """Yield IMAP and SMTP services without TLS, the sections that K-9 reads."""
    for service in target.of_types(ServiceType.IMAP, ServiceType.SMTP):
        if security(service) is Security.NONE:
            yield describe_service(service)


def no_tls(target: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent only without TLS."""
    for types in DIRECTIONS:
        services = target.of_types(*types)
        if services and {security(service) for service in services} == {Security.NONE}:
            yield describe_service(services[0])


def starttls_only(target: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent by STARTTLS but not by TLS."""
    for types in DIRECTIONS:
        services = target.of_types(*types)
        securities = {security(service) for service in services}
        if Security.STARTTLS in securities and Security.TLS not in securities:
            yield describe_service(services[0])


def pacc_port(target: LintTarget) -> Iterator[str]:
    """Yield a TLS service if none is on a registered port: PACC cannot contain another port."""
    for types in DIRECTIONS:
        tls = with_tls(target.of_types(*types))
        if tls and not any(on_tls_port(service) for service in tls):
            yield describe_service(tls[0])


def pacc_login_name(target: LintTarget) -> Iterator[str]:
    """Yield a service if no login name is the address: PACC cannot contain another one."""
    for types in DIRECTIONS:
        tls = [service for service in with_tls(target.of_types(*types)) if on_tls_port(service)]
        if tls and not any(login_name_is_address(service) for service in tls):
            yield describe_service(tls[0])


def pacc_directory(target: LintTarget) -> Iterator[str]:
    """Yield an empty text if a directory may return another login name for each user."""
    if target.has_directory and target.has(*MAIL_TYPES):
        yield ""


def odd_starttls_port(target: LintTarget) -> Iterator[str]:
    """Yield services with STARTTLS on a port for TLS."""
    for service in target.of_types(*MAIL_TYPES):
        if security(service) is Security.STARTTLS and port_of(service) not in _STARTTLS_PORTS:
            yield describe_service(service)


def u_label_host(target: LintTarget) -> Iterator[str]:
    """Yield services whose host, or template of a host, is not written as A-labels."""
    for service in target.services:
        if not host_of(service).isascii():
            yield describe_service(service)


def ip_host(target: LintTarget) -> Iterator[str]:
    """Yield services whose host is an IP address."""
    for service in target.services:
        if is_ip_address(host_of(service)):
            yield describe_service(service)


def local_part_host(target: LintTarget) -> Iterator[str]:
    """Yield services whose host is unknown if only the domain is known."""
    for service in target.of_types(*MAIL_TYPES):
        host = host_of(service).upper().replace("%EMAILDOMAIN%", "")
        if has_placeholder(host):
            yield describe_service(service)


def directory_host(target: LintTarget) -> Iterator[str]:
    """Yield services whose place is known only after a directory look-up."""
    for service in target.services:
        if not (target.defaulted_attributes | {LOGIN_NAME}).issuperset(
            attributes_in(host_or_url(service))
        ):
            yield describe_service(service)


def directory_login_name(target: LintTarget) -> Iterator[str]:
    """Yield services whose login name is known only after a directory look-up."""
    for service in target.of_types(*MAIL_TYPES):
        if not target.defaulted_attributes.issuperset(attributes_in(service.login_name or "")):
            yield describe_service(service)


def directory_by_address(target: LintTarget) -> Iterator[str]:
    """Yield a service whose login name may change after a directory look-up."""
    for service in target.of_types(*MAIL_TYPES) if target.has_directory else ():
        if not any(attributes_in(service.login_name or "")):
            yield describe_service(service)
            return


def subaddress_login_name(target: LintTarget) -> Iterator[str]:
    """Yield an empty text if a login name depends on removing the detail from the address."""
    if target.provider is None or not target.provider.subaddress_separators:
        return
    if any(names_user(service.login_name or "") for service in target.of_types(*MAIL_TYPES)):
        yield ""


def no_login_name(target: LintTarget) -> Iterator[str]:
    """Yield services without a login name: the client has to ask the user for it."""
    for service in target.of_types(ServiceType.IMAP, ServiceType.SMTP):
        if service.login_name is None:
            yield describe_service(service)


def plain_last(target: LintTarget) -> Iterator[str]:
    """Yield the last service of a type if it has no TLS and others have it."""
    for kind in MAIL_TYPES:
        services = target.of_types(kind)
        securities = [security(service) for service in services]
        if securities[-1:] == [Security.NONE] and set(securities) != {Security.NONE}:
            yield describe_service(services[-1])


def last_host(target: LintTarget) -> Iterator[str]:
    """Yield the last service of a type if its host is not the preferred one."""
    for kind in MAIL_TYPES:
        services = target.of_types(kind)
        if services and host_of(services[-1]) != host_of(services[0]):
            yield describe_service(services[-1])


def last_smtp_host(target: LintTarget) -> Iterator[str]:
    """Yield the last SMTP service if its host is not the preferred one."""
    services = target.of_types(ServiceType.SMTP)
    if services and host_of(services[-1]) != host_of(services[0]):
        yield describe_service(services[-1])


def http_url(target: LintTarget) -> Iterator[str]:
    """Yield services with an http URL."""
    for service in target.services:
        if scheme(service) == "http":
            yield describe_service(service)


def url_port(target: LintTarget) -> Iterator[str]:
    """Yield services whose URL has a port, which PACC forbids."""
    for service in target.of_types(*_PACC_URL_TYPES):
        if scheme(service) == "https" and has_port(service):
            yield describe_service(service)


def dav_origin(target: LintTarget) -> Iterator[str]:
    """Yield calendars and address books whose URL shares only the origin between users.

    io-pim-discovery 5036dfa asks at /.well-known/ too, because some servers have nothing at the
    origin itself.
    """
    for service in target.of_types(ServiceType.CALDAV, ServiceType.CARDDAV):
        with suppress(ValueError):
            url = shared_url(host_or_url(service))
            if url is not None and urlsplit(url).path in {"", "/"}:
                yield describe_service(service)


def long_name(target: LintTarget) -> Iterator[str]:
    """Yield a name that is longer than the drafts allow."""
    if target.provider is not None and len(target.provider.name) > NAME_MAX_CHARS:
        yield f'name "{target.provider.name}"'


def long_short_name(target: LintTarget) -> Iterator[str]:
    """Yield a short name that is longer than the drafts allow."""
    if target.provider is not None and len(target.provider.short_name) > SHORT_NAME_MAX_CHARS:
        yield f'short_name "{target.provider.short_name}"'
