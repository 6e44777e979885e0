"""The checks of the linter for LDAP address books, which only Apple's profiles can describe."""

from collections.abc import Iterator
from contextlib import suppress

from waypost.core.model import LdapScope, LdapUrl, Service, ServiceType
from waypost.diagnostics.lint.target import LintTarget, describe_service, host_or_url


def ldap_port(target: LintTarget) -> Iterator[str]:
    """Yield LDAP on a port that is not that of its scheme: a profile cannot contain a port."""
    for service, url in _address_books(target):
        if not url.has_usual_port:
            yield describe_service(service)


def ldap_base(target: LintTarget) -> Iterator[str]:
    """Yield LDAP whose search has no base, or finds only the entry of the base."""
    for service, url in _address_books(target):
        if not url.base or url.scope is LdapScope.BASE:
            yield describe_service(service)


def _address_books(target: LintTarget) -> Iterator[tuple[Service, LdapUrl]]:
    for service in target.of_types(ServiceType.LDAP):
        with suppress(ValueError):
            yield service, LdapUrl.parse(host_or_url(service))
