"""The checks and rules of the linter for settings that are possible but usually mistakes."""

from collections.abc import Iterator
from typing import Final

from waypost.core.clients import APPLE_MAIL, THUNDERBIRD
from waypost.core.model import CLIENT_IP_ADDRESS, NO_AUTHENTICATION, Security, ServiceType
from waypost.core.placeholders import attributes_in, names_user
from waypost.diagnostics.client_groups import ALL_CLIENTS
from waypost.diagnostics.lint.rule import Rule
from waypost.diagnostics.lint.target import (
    MAIL_TYPES,
    LintTarget,
    describe_service,
    port_of,
    security,
)

_STARTTLS_PORTS: Final = frozenset({143, 110, 25, 587})
_WITHOUT_LOGIN: Final = frozenset({NO_AUTHENTICATION, CLIENT_IP_ADDRESS})


def same_login_name(target: LintTarget) -> Iterator[str]:
    """Yield services whose login name is the same for all users."""
    for service in target.services:
        # All users may read an address book with one login name.
        name = service.login_name
        if service.type is ServiceType.LDAP or not name:
            continue
        needs_login = not _WITHOUT_LOGIN.issuperset(service.authentication)
        if needs_login and not names_user(name) and not attributes_in(name):
            yield describe_service(service)


def odd_tls_port(target: LintTarget) -> Iterator[str]:
    """Yield services with TLS on a port for STARTTLS."""
    for service in target.of_types(*MAIL_TYPES):
        if security(service) is Security.TLS and port_of(service) in _STARTTLS_PORTS:
            yield describe_service(service)


MISTAKE_RULES: Final = (
    Rule(
        "same-login-name",
        "warning",
        "the login name has no placeholder for the user, so all users get the same login name",
        "write %EMAILADDRESS% or %EMAILLOCALPART%, unless all users share one mailbox",
        ALL_CLIENTS,
        check=same_login_name,
    ),
    Rule(
        "odd-tls-port",
        "warning",
        "these clients use STARTTLS on such a port (Thunderbird: only with Autodiscover)",
        "use port 993, 995 or 465 for TLS, or set security to starttls if the server uses STARTTLS",
        (THUNDERBIRD, APPLE_MAIL),
        check=odd_tls_port,
    ),
)
