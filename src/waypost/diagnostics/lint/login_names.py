"""The checks of the linter for clients that choose the login name themselves."""

from collections.abc import Iterator
from typing import Final

from waypost.core.model import EMAIL_ADDRESS, INCOMING, Service, ServiceType
from waypost.diagnostics.lint.target import LintTarget, describe_service, login_name_is_address

_MAIL_TYPES: Final = (ServiceType.IMAP, ServiceType.SMTP)
_LOCAL_PART: Final = "%EMAILLOCALPART%"


def login_is_address(target: LintTarget) -> Iterator[str]:
    """Yield services whose login name some clients replace with the address.

    The first service of a type, which is used: if its login name is not the address. The other
    services: if the login name has no @, because himalaya proposes the address instead.
    """
    first_services = [*_first_services(target)]
    for service in target.of_types(*_MAIL_TYPES):
        name = service.login_name
        if name is None or login_name_is_address(service):
            continue
        has_at = "@" in name or EMAIL_ADDRESS in name.upper()
        if service in first_services or not has_at:
            yield describe_service(service)


def unusual_login_name(target: LintTarget) -> Iterator[str]:
    """Yield the first service of a type if its login name is neither address nor local part."""
    for service in _first_services(target):
        if _normalized_login_name(service) not in {EMAIL_ADDRESS, _LOCAL_PART}:
            yield describe_service(service)


def different_login_names(target: LintTarget) -> Iterator[str]:
    """Yield a service if one login name is not enough for reading and sending.

    A client with one login name tries the last one in the document, then the address, then the
    local part, until IMAP accepts one, and sends mail with the same login name.
    """
    first_services = {service.type: service for service in _first_services(target)}
    reading, sending = (first_services.get(kind) for kind in _MAIL_TYPES)
    if reading is None:
        return
    login_candidates = {*_last_login_name(target), EMAIL_ADDRESS, _LOCAL_PART}
    if _normalized_login_name(reading) not in login_candidates:
        yield describe_service(reading)
    elif sending is not None and _normalized_login_name(sending) != _normalized_login_name(reading):
        yield describe_service(sending)


def _first_services(target: LintTarget) -> Iterator[Service]:
    """Yield the first IMAP and the first SMTP service that have a login name."""
    for kind in _MAIL_TYPES:
        yield from (
            service for service in target.of_types(kind)[:1] if service.login_name is not None
        )


def _normalized_login_name(service: Service) -> str:
    name = service.login_name or ""
    if login_name_is_address(service):
        return EMAIL_ADDRESS
    return name.upper() if name.upper() == _LOCAL_PART else name


def _last_login_name(target: LintTarget) -> list[str]:
    """Return the login name of the last section that has one, in the order of Autoconfig."""
    reading = [service for service in target.services if service.type in INCOMING]
    sending = [*target.of_types(ServiceType.SMTP)]
    shown = {*INCOMING, ServiceType.SMTP, ServiceType.LDAP}
    other_services = [service for service in target.services if service.type not in shown]
    with_login_name = [
        service for service in (*reading, *sending, *other_services) if service.login_name
    ]
    return [_normalized_login_name(service) for service in with_login_name[-1:]]
