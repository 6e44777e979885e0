"""The checks of the linter for clients that read Autoconfig by a strict schema.

One value that such a schema does not have, in any section, makes the client refuse the whole
document. Seen in the sources of thunderbird/thunderbird-ios 98f4283 and
pimalaya/io-pim-discovery 5036dfa.
"""

from collections.abc import Iterator
from typing import Final

from waypost.core.model import (
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
from waypost.diagnostics.lint.target import (
    FETCHED,
    MAIL,
    SELF_SUFFICIENT,
    LintTarget,
    named,
    security,
)
from waypost.formats.password_methods import takes_password

# EmailProvider.swift, enum Authentication; config.rs, enum DiscoveryAuthenticationType.
_IOS: Final = frozenset({OAUTH2, PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, CLIENT_IP_ADDRESS})
_HIMALAYA: Final = _IOS | {NTLM, TLS_CLIENT_CERT, NO_AUTHENTICATION}


def strict_section(offered: LintTarget) -> Iterator[str]:
    """Yield services whose section in Autoconfig is neither IMAP, POP3 nor SMTP."""
    yield from map(named, offered.of(*SELF_SUFFICIENT))


def strict_method(offered: LintTarget) -> Iterator[str]:
    """Yield services with a method that neither of the two clients knows."""
    for service in offered.of(*MAIL):
        if not _HIMALAYA.issuperset(service.authentication):
            yield named(service)


def strict_method_ios(offered: LintTarget) -> Iterator[str]:
    """Yield services with a method that only Thunderbird for iOS does not know."""
    for service in offered.of(*MAIL):
        if not (_HIMALAYA - _IOS).isdisjoint(service.authentication):
            yield named(service)


def plain_pop3(offered: LintTarget) -> Iterator[str]:
    """Yield POP3 services without TLS. K-9 does not read POP3 sections."""
    for service in offered.of(ServiceType.POP3):
        if security(service) is Security.NONE:
            yield named(service)


def pop3_login_name(offered: LintTarget) -> Iterator[str]:
    """Yield POP3 services without a login name: the client has to ask the user for it."""
    for service in offered.of(ServiceType.POP3):
        if service.login_name is None:
            yield named(service)


def oauth2_incomplete(offered: LintTarget) -> Iterator[str]:
    """Yield OAuth2 servers that are not complete enough for Autoconfig."""
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


def oauth2_several(offered: LintTarget) -> Iterator[str]:
    """Yield OAuth2 servers after the first one: Autoconfig contains only one."""
    whole = [one for one in offered.provider.oauth2 if one.is_complete] if offered.provider else []
    for oauth2 in whole[1:]:
        yield f"oauth2 {oauth2.issuer}"


def oauth2_preferred(offered: LintTarget) -> Iterator[str]:
    """Yield the first IMAP service if it has OAuth2 although passwords work as well."""
    has_password = any(map(takes_password, offered.of(*FETCHED)))
    for service in offered.of(ServiceType.IMAP)[:1]:
        if has_password and OAUTH2 in service.authentication:
            yield named(service)


def no_cleartext(offered: LintTarget) -> Iterator[str]:
    """Yield the first IMAP service if Thunderbird for iOS asks for no password with its methods."""
    for service in offered.of(ServiceType.IMAP)[:1]:
        if {OAUTH2, PASSWORD_CLEARTEXT}.isdisjoint(service.authentication):
            yield named(service)
