"""The checks of the linter for clients that choose the login name themselves."""

from collections.abc import Iterator
from typing import Final

from waypost.core.model import EMAIL_ADDRESS, INCOMING, Service, ServiceType
from waypost.diagnostics.lint.target import LintTarget, logs_in_with_address, named

_READ_AND_SENT: Final = (ServiceType.IMAP, ServiceType.SMTP)
_LOCAL_PART: Final = "%EMAILLOCALPART%"


def login_is_address(offered: LintTarget) -> Iterator[str]:
    """Yield services whose login name some clients replace with the address.

    The first service of a type, which is used: if its login name is not the address. The other
    services: if the login name has no @, because himalaya proposes the address instead.
    """
    firsts = [*_firsts(offered)]
    for service in offered.of(*_READ_AND_SENT):
        name = service.login_name
        if name is None or logs_in_with_address(service):
            continue
        has_at = "@" in name or EMAIL_ADDRESS in name.upper()
        if service in firsts or not has_at:
            yield named(service)


def neither_address_nor_local_part(offered: LintTarget) -> Iterator[str]:
    """Yield the first service of a type if its login name is neither address nor local part."""
    for service in _firsts(offered):
        if _login(service) not in {EMAIL_ADDRESS, _LOCAL_PART}:
            yield named(service)


def not_one_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield a service if one login name is not enough for reading and sending.

    A client with one login name tries the last one in the document, then the address, then the
    local part, until IMAP accepts one, and sends mail with the same login name.
    """
    firsts = {service.type: service for service in _firsts(offered)}
    reading, sending = (firsts.get(kind) for kind in _READ_AND_SENT)
    if reading is None:
        return
    tried = {*_last_login(offered), EMAIL_ADDRESS, _LOCAL_PART}
    if _login(reading) not in tried:
        yield named(reading)
    elif sending is not None and _login(sending) != _login(reading):
        yield named(sending)


def _firsts(offered: LintTarget) -> Iterator[Service]:
    """Yield the first IMAP and the first SMTP service that have a login name."""
    for kind in _READ_AND_SENT:
        yield from (one for one in offered.of(kind)[:1] if one.login_name is not None)


def _login(service: Service) -> str:
    name = service.login_name or ""
    if logs_in_with_address(service):
        return EMAIL_ADDRESS
    return name.upper() if name.upper() == _LOCAL_PART else name


def _last_login(offered: LintTarget) -> list[str]:
    """Return the login name of the last section that has one, in the order of Autoconfig."""
    reading = [one for one in offered.services if one.type in INCOMING]
    sending = [*offered.of(ServiceType.SMTP)]
    shown = {*INCOMING, ServiceType.SMTP, ServiceType.LDAP}
    others = [one for one in offered.services if one.type not in shown]
    found = [one for one in (*reading, *sending, *others) if one.login_name]
    return [_login(one) for one in found[-1:]]
