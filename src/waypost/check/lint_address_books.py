"""The checks of the linter for LDAP address books, which Apple's profiles alone can say."""

from collections.abc import Iterator
from contextlib import suppress

from waypost.check.offered import Offered, named, place_of
from waypost.model import LdapScope, LdapUrl, Service, ServiceType


def ldap_port(offered: Offered) -> Iterator[str]:
    """Find LDAP on a port that is not that of its scheme, which a profile cannot say."""
    for service, url in _address_books(offered):
        if not url.has_usual_port:
            yield named(service)


def ldap_base(offered: Offered) -> Iterator[str]:
    """Find LDAP where a search has no base, or finds the entry of the base alone."""
    for service, url in _address_books(offered):
        if not url.base or url.scope is LdapScope.BASE:
            yield named(service)


def _address_books(offered: Offered) -> Iterator[tuple[Service, LdapUrl]]:
    for service in offered.of(ServiceType.LDAP):
        with suppress(ValueError):
            yield service, LdapUrl.parse(place_of(service))
