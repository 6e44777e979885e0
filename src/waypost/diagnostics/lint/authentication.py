"""The checks of the linter for authentication methods.

What clients do was seen in their sources in 2026-08, unless a line says something else.
"""

from collections.abc import Iterator
from typing import Final

from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    AuthenticationSystem,
    Service,
    ServiceType,
    with_general_name,
)
from waypost.diagnostics.lint.target import DIRECTIONS, MAIL_TYPES, LintTarget, describe_service
from waypost.formats.autodiscover import pox
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.password_methods import accepts_password

# Sailfish OS knows the same (read in sailfishos/nemo-qml-plugin-email f8ec3b0).
_K9_METHODS: Final = frozenset({OAUTH2, PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED})
# What Thunderbird supports for any host; OAuth2 works only for hosts of its built-in table.
_THUNDERBIRD_METHODS: Final = frozenset({PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, GSSAPI, NTLM})
_WITHOUT_LOGIN: Final = frozenset({NO_AUTHENTICATION, CLIENT_IP_ADDRESS})
_THUNDERBIRD_SMTP_METHODS: Final = _THUNDERBIRD_METHODS | _WITHOUT_LOGIN
_PACC_METHODS: Final = frozenset({PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, NTLM, OAUTH2})
# KMail prefers these to password-cleartext; password-encrypted has its own rule.
_KMAIL_OTHERS: Final = frozenset({NTLM, GSSAPI, NO_AUTHENTICATION})


def pacc_authentication(target: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent with neither password nor OAuth2."""
    for services in _by_direction(target):
        if not any(_suits_pacc(service.authentication) for service in services):
            yield describe_service(services[0])


def oauth2_alone(target: LintTarget) -> Iterator[str]:
    """Yield the first service if mail can be fetched or sent with OAuth2 only."""
    for services in _by_direction(target):
        if _is_oauth2_alone(services):
            yield describe_service(services[0])


def no_password(target: LintTarget) -> Iterator[str]:
    """Yield the first service if each service needs a login, but none accepts a password."""
    for services in _by_direction(target):
        if not _is_oauth2_alone(services) and all(map(_needs_other_login, services)):
            yield describe_service(services[0])


def password_later(target: LintTarget) -> Iterator[str]:
    """Yield the first service of a type if it accepts no password and a later one does."""
    for kind in (ServiceType.IMAP, ServiceType.SMTP):
        services = target.of_types(kind)
        if (
            services
            and _needs_other_login(services[0])
            and not all(map(_needs_other_login, services))
        ):
            yield describe_service(services[0])


def no_password_last(target: LintTarget) -> Iterator[str]:
    """Yield the last service of a type if it accepts no password and an earlier one does."""
    for kind in MAIL_TYPES:
        services = target.of_types(kind)
        if (
            services
            and _needs_other_login(services[-1])
            and not all(map(_needs_other_login, services))
        ):
            yield describe_service(services[-1])


def kmail_method(target: LintTarget) -> Iterator[str]:
    """Yield the first service of a type if KMail uses another method than a password."""
    for services in _by_direction(target):
        for service in () if _is_oauth2_alone(services) else _first_of_each_type(services):
            others = _KMAIL_OTHERS.intersection(_methods_after_password(service))
            if OAUTH2 in service.authentication or others:
                yield describe_service(service)


def password_encrypted_later(target: LintTarget) -> Iterator[str]:
    """Yield services with password-encrypted after password-cleartext."""
    for service in target.of_types(*MAIL_TYPES):
        if PASSWORD_ENCRYPTED in _methods_after_password(service):
            yield describe_service(service)


def profile_authentication(target: LintTarget) -> Iterator[str]:
    """Yield the first service if a profile cannot describe any of the methods."""
    for services in _by_direction(target):
        known = any(
            not mobileconfig.SUPPORTED.isdisjoint(service.authentication) for service in services
        )
        if not known and not _is_oauth2_alone(services):
            yield describe_service(services[0])


def outlook_authentication(target: LintTarget) -> Iterator[str]:
    """Yield the first service if Autodiscover cannot describe any of the methods."""
    for services in _by_direction(target):
        if not _is_oauth2_alone(services) and not any(map(pox.is_expressible, services)):
            yield describe_service(services[0])


def unknown_authentication(target: LintTarget) -> Iterator[str]:
    """Yield the first service if Thunderbird knows none of the methods."""
    for services in _by_direction(target):
        offers_oauth2 = any(OAUTH2 in service.authentication for service in services)
        if not offers_oauth2 and not any(map(_suits_thunderbird, services)):
            yield describe_service(services[0])


def ews_authentication(target: LintTarget) -> Iterator[str]:
    """Yield EWS services without a method that Thunderbird knows (seen in a run).

    `http:Basic` is enough, because Autoconfig adds `password-cleartext` after it.
    """
    for service in target.of_types(ServiceType.EWS):
        if _THUNDERBIRD_METHODS.isdisjoint(with_general_name(service.authentication)):
            yield describe_service(service)


def k9_authentication(target: LintTarget) -> Iterator[str]:
    """Yield IMAP and SMTP services without a method that K-9 knows."""
    for service in target.of_types(ServiceType.IMAP, ServiceType.SMTP):
        if _K9_METHODS.isdisjoint(service.authentication):
            yield describe_service(service)


def _by_direction(target: LintTarget) -> Iterator[tuple[Service, ...]]:
    """Yield the services for fetching mail and those for sending mail, if there are any."""
    for types in DIRECTIONS:
        if services := target.of_types(*types):
            yield services


def _is_oauth2_alone(services: tuple[Service, ...]) -> bool:
    offers_oauth2 = any(OAUTH2 in service.authentication for service in services)
    return offers_oauth2 and not any(map(_suits_thunderbird, services))


def _first_of_each_type(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return the first service of each type."""
    return tuple({service.type: service for service in reversed(services)}.values())


def _methods_after_password(service: Service) -> tuple[Authentication, ...]:
    """Return the methods after password-cleartext; none if it is not offered."""
    methods = service.authentication
    if PASSWORD_CLEARTEXT not in methods:
        return ()
    return methods[methods.index(PASSWORD_CLEARTEXT) + 1 :]


def _needs_other_login(service: Service) -> bool:
    """Return whether a service needs a login, but accepts no password."""
    return not accepts_password(service) and _WITHOUT_LOGIN.isdisjoint(service.authentication)


def _suits_pacc(methods: tuple[Authentication, ...]) -> bool:
    return any(
        method in _PACC_METHODS or method.system is AuthenticationSystem.SASL for method in methods
    )


def _suits_thunderbird(service: Service) -> bool:
    is_smtp = service.type is ServiceType.SMTP
    known = _THUNDERBIRD_SMTP_METHODS if is_smtp else _THUNDERBIRD_METHODS
    return not known.isdisjoint(service.authentication)
