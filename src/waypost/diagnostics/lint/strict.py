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
    MAIL_TYPES,
    RETRIEVAL_TYPES,
    SELF_SUFFICIENT,
    LintTarget,
    describe_service,
    security,
)
from waypost.formats.password_methods import accepts_password

# EmailProvider.swift, enum Authentication; config.rs, enum DiscoveryAuthenticationType.
_IOS: Final = frozenset({OAUTH2, PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, CLIENT_IP_ADDRESS})
_HIMALAYA: Final = _IOS | {NTLM, TLS_CLIENT_CERT, NO_AUTHENTICATION}


def strict_section(target: LintTarget) -> Iterator[str]:
    """Yield services whose section in Autoconfig is neither IMAP, POP3 nor SMTP."""
    yield from map(describe_service, target.of_types(*SELF_SUFFICIENT))


def strict_method(target: LintTarget) -> Iterator[str]:
    """Yield services with a method that neither of the two clients knows."""
    for service in target.of_types(*MAIL_TYPES):
        if not _HIMALAYA.issuperset(service.authentication):
            yield describe_service(service)


def strict_method_ios(target: LintTarget) -> Iterator[str]:
    """Yield services with a method that only Thunderbird for iOS does not know."""
    for service in target.of_types(*MAIL_TYPES):
        if not (_HIMALAYA - _IOS).isdisjoint(service.authentication):
            yield describe_service(service)


def plain_pop3(target: LintTarget) -> Iterator[str]:
    """Yield POP3 services without TLS. K-9 does not read POP3 sections."""
    for service in target.of_types(ServiceType.POP3):
        if security(service) is Security.NONE:
            yield describe_service(service)


def pop3_login_name(target: LintTarget) -> Iterator[str]:
    """Yield POP3 services without a login name: the client has to ask the user for it."""
    for service in target.of_types(ServiceType.POP3):
        if service.login_name is None:
            yield describe_service(service)


def oauth2_incomplete(target: LintTarget) -> Iterator[str]:
    """Yield OAuth2 servers that are not complete enough for Autoconfig."""
    for oauth2 in target.provider.oauth2 if target.provider else ():
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


def oauth2_several(target: LintTarget) -> Iterator[str]:
    """Yield OAuth2 servers after the first one: Autoconfig contains only one."""
    complete_servers = (
        [oauth2 for oauth2 in target.provider.oauth2 if oauth2.is_complete]
        if target.provider
        else []
    )
    for oauth2 in complete_servers[1:]:
        yield f"oauth2 {oauth2.issuer}"


def oauth2_preferred(target: LintTarget) -> Iterator[str]:
    """Yield the first IMAP service if it has OAuth2 although passwords work as well."""
    has_password = any(map(accepts_password, target.of_types(*RETRIEVAL_TYPES)))
    for service in target.of_types(ServiceType.IMAP)[:1]:
        if has_password and OAUTH2 in service.authentication:
            yield describe_service(service)


def no_cleartext(target: LintTarget) -> Iterator[str]:
    """Yield the first IMAP service if Thunderbird for iOS asks for no password with its methods."""
    for service in target.of_types(ServiceType.IMAP)[:1]:
        if {OAUTH2, PASSWORD_CLEARTEXT}.isdisjoint(service.authentication):
            yield describe_service(service)
