"""The rules of the linter about strict schemas, as a part of its table."""

from typing import Final

from waypost.check import lint_strict
from waypost.check.lint_clients import HIMALAYA, THUNDERBIRD_IOS
from waypost.check.lint_rule import Rule

_KEEP_OUT: Final = (
    'keep the service out of Autoconfig: formats = ["autodiscover", "mobileconfig", "pacc", "dns"]'
)

STRICT_RULES: Final = (
    Rule(
        "strict-section",
        (THUNDERBIRD_IOS, HIMALAYA),
        lint_strict.strict_section,
        "a section of Autoconfig other than imap, pop3 and smtp makes them refuse the whole "
        "document, IMAP included",
        _KEEP_OUT,
        "error",
    ),
    Rule(
        "strict-method",
        (THUNDERBIRD_IOS, HIMALAYA),
        lint_strict.strict_method,
        "a method that they do not know makes them refuse the whole document, wherever it stands "
        "in the list; a password behind it does not help",
        f"offer it in no section at all, or {_KEEP_OUT}",
        "error",
    ),
    Rule(
        "strict-method-ios",
        (THUNDERBIRD_IOS,),
        lint_strict.strict_method_ios,
        "it does not know NTLM, TLS-client-cert and none; one of them makes it refuse the whole "
        "document, wherever it stands in the list",
        f"offer it in no section at all, or {_KEEP_OUT}",
        "error",
    ),
    Rule(
        "plain-pop3",
        (THUNDERBIRD_IOS,),
        lint_strict.plain_pop3,
        "one POP3 service without TLS makes it refuse the whole document",
        f"protect it, or {_KEEP_OUT}",
        "error",
    ),
    Rule(
        "pop3-login-name",
        (THUNDERBIRD_IOS,),
        lint_strict.pop3_login_name,
        "there is no login name, so it refuses the whole document",
        "say a login name",
        "error",
    ),
    Rule(
        "oauth2-incomplete",
        (THUNDERBIRD_IOS, HIMALAYA),
        lint_strict.oauth2_incomplete,
        "Autoconfig leaves it out, because a part of an oAuth2 makes them refuse the whole "
        "document; PACC needs the issuer alone and keeps it",
        "add issuer, auth_url, token_url and scope, or leave it if it is for PACC alone",
    ),
    Rule(
        "oauth2-several",
        (HIMALAYA,),
        lint_strict.oauth2_several,
        "Autoconfig leaves it out, because a second oAuth2 makes it refuse the whole document",
        "keep the one that clients shall use",
    ),
    Rule(
        "oauth2-preferred",
        (THUNDERBIRD_IOS,),
        lint_strict.oauth2_preferred,
        "it takes OAuth2 wherever it stands, and offers no password then; its OAuth2 works with "
        "the providers of its own table alone",
        "offer passwords alone in the first IMAP service, or leave it for the sake of the others",
    ),
    Rule(
        "no-cleartext",
        (THUNDERBIRD_IOS,),
        lint_strict.no_cleartext,
        "it asks for a password where password-cleartext is offered, and for none otherwise",
        "offer password-cleartext as well",
    ),
)
