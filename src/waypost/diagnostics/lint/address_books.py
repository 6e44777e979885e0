"""The checks of the linter for LDAP address books, which only Apple's profiles can describe."""

from collections.abc import Iterator
from contextlib import suppress

from waypost.core.model import LdapScope, LdapUrl, Service, ServiceType
from waypost.diagnostics.lint.target import LintTarget, named, place_of


def ldap_port(offered: LintTarget) -> Iterator[str]:
    """Yield LDAP on a port that is not that of its scheme: a profile cannot contain a port."""
    for service, url in _address_books(offered):
        if not url.has_usual_port:
            yield named(service)


def ldap_base(offered: LintTarget) -> Iterator[str]:
    """Yield LDAP whose search has no base, or finds only the entry of the base."""
    for service, url in _address_books(offered):
        if not url.base or url.scope is LdapScope.BASE:
            yield named(service)


def _address_books(offered: LintTarget) -> Iterator[tuple[Service, LdapUrl]]:
    for service in offered.of(ServiceType.LDAP):
        with suppress(ValueError):
            yield service, LdapUrl.parse(place_of(service))
