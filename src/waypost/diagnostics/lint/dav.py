"""The checks of the linter for calendars and address books, found by their domain."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import ServiceType
from waypost.core.placeholders import attributes_in, names_user
from waypost.diagnostics.lint.target import (
    LintTarget,
    describe_service,
    host_of,
    host_or_url,
    scheme,
)

# RFC 6764 s5
_WELL_KNOWN: Final = "/.well-known/carddav"
_DAV_TYPES: Final = (ServiceType.CALDAV, ServiceType.CARDDAV)


def dav_http_url(target: LintTarget) -> Iterator[str]:
    """Yield calendars and address books without TLS."""
    for service in target.of_types(*_DAV_TYPES):
        if scheme(service) == "http":
            yield describe_service(service)


def dav_user_host(target: LintTarget) -> Iterator[str]:
    """Yield calendars and address books whose host differs from user to user."""
    for service in target.of_types(*_DAV_TYPES):
        authority = host_or_url(service).partition("://")[2].partition("/")[0]
        if names_user(host_of(service)) or any(attributes_in(authority)):
            yield describe_service(service)


def macos_carddav(target: LintTarget) -> Iterator[str]:
    """Yield address books at a path that macOS does not read from a profile.

    macOS ignores CardDAVPrincipalURL (com.apple.carddav.account.yaml: macOS n/a), and asks at
    /.well-known/carddav of the host.
    """
    for service in target.of_types(ServiceType.CARDDAV):
        with suppress(ValueError):
            if urlsplit(host_or_url(service)).path not in {"", "/", _WELL_KNOWN}:
                yield describe_service(service)
