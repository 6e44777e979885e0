"""The checks of the linter for calendars and address books, which are found by their domain."""

from collections.abc import Iterator
from typing import Final

from waypost.check.offered import Offered, host_of, named, place_of, scheme
from waypost.model import ServiceType
from waypost.placeholders import attributes_in, names_user

_FOUND_BY_DOMAIN: Final = (ServiceType.CALDAV, ServiceType.CARDDAV)


def dav_http_url(offered: Offered) -> Iterator[str]:
    """Find calendars and address books without TLS."""
    for service in offered.of(*_FOUND_BY_DOMAIN):
        if scheme(service) == "http":
            yield named(service)


def dav_user_host(offered: Offered) -> Iterator[str]:
    """Find hosts of calendars and address books that differ from user to user."""
    for service in offered.of(*_FOUND_BY_DOMAIN):
        authority = place_of(service).partition("://")[2].partition("/")[0]
        if names_user(host_of(service)) or any(attributes_in(authority)):
            yield named(service)
