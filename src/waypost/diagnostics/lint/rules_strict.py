"""The rules of the linter about strict schemas, a part of its table."""

from typing import Final

from waypost.core.clients import HIMALAYA, THUNDERBIRD_IOS
from waypost.diagnostics.lint import strict
from waypost.diagnostics.lint.rule import Rule

_KEEP_OUT: Final = (
    'exclude the service from Autoconfig: formats = ["autodiscover", "mobileconfig", "pacc", "dns"]'
)

STRICT_RULES: Final = (
    Rule(
        "strict-section",
        "error",
        "a section of Autoconfig other than imap, pop3 and smtp makes these clients refuse the "
        "whole document, including IMAP",
        _KEEP_OUT,
        (THUNDERBIRD_IOS, HIMALAYA),
        check=strict.strict_section,
    ),
    Rule(
        "strict-method",
        "error",
        "a method that these clients do not know, at any position in the list, makes them refuse "
        "the whole document; a password after it does not help",
        f"remove the method from all services, or {_KEEP_OUT}",
        (THUNDERBIRD_IOS, HIMALAYA),
        check=strict.strict_method,
    ),
    Rule(
        "strict-method-ios",
        "error",
        "Thunderbird for iOS does not know NTLM, TLS-client-cert and none; one of them, at any "
        "position in the list, makes it refuse the whole document",
        f"remove the method from all services, or {_KEEP_OUT}",
        (THUNDERBIRD_IOS,),
        check=strict.strict_method_ios,
    ),
    Rule(
        "plain-pop3",
        "error",
        "one POP3 service without TLS makes Thunderbird for iOS refuse the whole document",
        f"protect it with TLS, or {_KEEP_OUT}",
        (THUNDERBIRD_IOS,),
        check=strict.plain_pop3,
    ),
    Rule(
        "pop3-login-name",
        "error",
        "no login name is configured, so Thunderbird for iOS refuses the whole document",
        "configure a login name",
        (THUNDERBIRD_IOS,),
        check=strict.pop3_login_name,
    ),
    Rule(
        "oauth2-incomplete",
        "warning",
        "Autoconfig leaves this oauth2 entry out, because these clients refuse the whole document "
        "if an oAuth2 is incomplete; PACC needs only the issuer and includes it",
        "add issuer, auth_url, token_url and scope, or change nothing if the entry is only for "
        "PACC",
        (THUNDERBIRD_IOS, HIMALAYA),
        check=strict.oauth2_incomplete,
    ),
    Rule(
        "oauth2-several",
        "warning",
        "Autoconfig leaves this oauth2 entry out, because himalaya refuses the whole document if "
        "it has a second oAuth2",
        "keep only the entry that clients should use",
        (HIMALAYA,),
        check=strict.oauth2_several,
    ),
    Rule(
        "oauth2-preferred",
        "warning",
        "Thunderbird for iOS uses OAuth2 at any position in the list, and then offers no "
        "password; its OAuth2 works only with the providers that are built into it",
        "offer only passwords in the first IMAP service, or change nothing if other clients need "
        "OAuth2",
        (THUNDERBIRD_IOS,),
        check=strict.oauth2_preferred,
    ),
    Rule(
        "no-cleartext",
        "warning",
        "Thunderbird for iOS asks for a password only if password-cleartext is offered",
        "also offer password-cleartext",
        (THUNDERBIRD_IOS,),
        check=strict.no_cleartext,
    ),
)
