"""The checks of the linter for login names that some clients choose themselves."""

from collections.abc import Iterator
from typing import Final

from waypost.check.offered import Offered, logs_in_with_address, named
from waypost.model import EMAIL_ADDRESS, INCOMING, Service, ServiceType

_READ_AND_SENT: Final = (ServiceType.IMAP, ServiceType.SMTP)
_LOCAL_PART: Final = "%EMAILLOCALPART%"


def login_is_address(offered: Offered) -> Iterator[str]:
    """Find login names that give way to the address.

    Of the first service of its type, which is used: all that are not the address. Of the others:
    those without an @, in place of which himalaya proposes the address.
    """
    firsts = [*_firsts(offered)]
    for service in offered.of(*_READ_AND_SENT):
        name = service.login_name
        if name is None or logs_in_with_address(service):
            continue
        has_at = "@" in name or EMAIL_ADDRESS in name.upper()
        if service in firsts or not has_at:
            yield named(service)


def neither_address_nor_local_part(offered: Offered) -> Iterator[str]:
    """Find a first service of its type that wants a login name of another form."""
    for service in _firsts(offered):
        if _login(service) not in {EMAIL_ADDRESS, _LOCAL_PART}:
            yield named(service)


def not_one_login_name(offered: Offered) -> Iterator[str]:
    """Find that one login name is not enough to read with and to send with.

    A client with one login name takes the last one of the document, then the address, then the
    local part, as far as IMAP accepts it, and sends with the same.
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


def _firsts(offered: Offered) -> Iterator[Service]:
    """Yield the first service of each direction that names a login name."""
    for kind in _READ_AND_SENT:
        yield from (one for one in offered.of(kind)[:1] if one.login_name is not None)


def _login(service: Service) -> str:
    name = service.login_name or ""
    if logs_in_with_address(service):
        return EMAIL_ADDRESS
    return name.upper() if name.upper() == _LOCAL_PART else name


def _last_login(offered: Offered) -> list[str]:
    """Return the login name of the last section that has one, in the order of Autoconfig."""
    reading = [one for one in offered.services if one.type in INCOMING]
    sending = [*offered.of(ServiceType.SMTP)]
    shown = {*INCOMING, ServiceType.SMTP, ServiceType.LDAP}
    beside = [one for one in offered.services if one.type not in shown]
    found = [one for one in (*reading, *sending, *beside) if one.login_name]
    return [_login(one) for one in found[-1:]]
