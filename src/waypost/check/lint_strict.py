"""The checks of the linter for clients that read Autoconfig by a strict schema.

One value that such a schema does not have, in any section, and the client refuses the whole
document. Read in thunderbird/thunderbird-ios 98f4283 and pimalaya/io-pim-discovery 5036dfa.
"""

from collections.abc import Iterator
from typing import Final

from waypost.check.offered import (
    FETCHED,
    MAIL,
    SELF_SUFFICIENT,
    Offered,
    named,
    security,
)
from waypost.formats.passwords import takes_password
from waypost.model import (
    CLIENT_IP_ADDRESS,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Security,
    ServiceType,
)

# EmailProvider.swift, enum Authentication; config.rs, enum DiscoveryAuthenticationType.
_IOS: Final = frozenset({OAUTH2, PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, CLIENT_IP_ADDRESS})
_HIMALAYA: Final = _IOS | {NTLM, TLS_CLIENT_CERT, NO_AUTHENTICATION}


def strict_section(offered: Offered) -> Iterator[str]:
    """Find services for which Autoconfig has a section that is neither IMAP, POP3 nor SMTP."""
    yield from map(named, offered.of(*SELF_SUFFICIENT))


def strict_method(offered: Offered) -> Iterator[str]:
    """Find methods that neither of the two knows, wherever they are in a list."""
    for service in offered.of(*MAIL):
        if not _HIMALAYA.issuperset(service.authentication):
            yield named(service)


def strict_method_ios(offered: Offered) -> Iterator[str]:
    """Find methods that only Thunderbird for iOS does not know."""
    for service in offered.of(*MAIL):
        if not (_HIMALAYA - _IOS).isdisjoint(service.authentication):
            yield named(service)


def plain_pop3(offered: Offered) -> Iterator[str]:
    """Find POP3 sections without protection, which K-9 does not read."""
    for service in offered.of(ServiceType.POP3):
        if security(service) is Security.NONE:
            yield named(service)


def pop3_login_name(offered: Offered) -> Iterator[str]:
    """Find POP3 services for which the client shall ask the user for a login name."""
    for service in offered.of(ServiceType.POP3):
        if service.login_name is None:
            yield named(service)


def oauth2_incomplete(offered: Offered) -> Iterator[str]:
    """Find OAuth2 servers of which too little is known for Autoconfig."""
    for oauth2 in offered.provider.oauth2 if offered.provider else ():
        if not oauth2.is_complete:
            parts = {
                "issuer": oauth2.issuer,
                "auth_url": oauth2.auth_url,
                "token_url": oauth2.token_url,
                "scope": oauth2.scope,
            }
            missing = ", ".join(name for name, value in parts.items() if value is None)
            place = next((f" {value}" for value in parts.values() if value is not None), "")
            yield f"oauth2{place} without {missing}"


def oauth2_several(offered: Offered) -> Iterator[str]:
    """Find OAuth2 servers behind the first one, of which Autoconfig can hold one alone."""
    whole = [one for one in offered.provider.oauth2 if one.is_complete] if offered.provider else []
    for oauth2 in whole[1:]:
        yield f"oauth2 {oauth2.issuer}"


def oauth2_preferred(offered: Offered) -> Iterator[str]:
    """Find a first IMAP service with OAuth2, where a password would do as well."""
    has_password = any(map(takes_password, offered.of(*FETCHED)))
    for service in offered.of(ServiceType.IMAP)[:1]:
        if has_password and OAUTH2 in service.authentication:
            yield named(service)


def no_cleartext(offered: Offered) -> Iterator[str]:
    """Find a first IMAP service with methods for which Thunderbird for iOS asks no password."""
    for service in offered.of(ServiceType.IMAP)[:1]:
        if {OAUTH2, PASSWORD_CLEARTEXT}.isdisjoint(service.authentication):
            yield named(service)
