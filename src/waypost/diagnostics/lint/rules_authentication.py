"""The rules of the linter about authentication methods, a part of its table."""

from typing import Final

from waypost.core.clients import (
    AERC,
    APPLE_MAIL,
    DELTA_CHAT,
    EVOLUTION,
    FAIREMAIL,
    GEARY,
    K9,
    KMAIL,
    MAILSPRING,
    MUSTANG,
    NEXTCLOUD_MAIL,
    OUTLOOK,
    SAILFISH,
    SNAPPYMAIL,
    THUNDERBIRD,
)
from waypost.diagnostics.client_groups import AUTOCONFIG_CLIENTS
from waypost.diagnostics.lint import authentication
from waypost.diagnostics.lint.rule import Rule

METHOD_RULES: Final = (
    Rule(
        "oauth2-alone",
        "error",
        "OAuth2 works only for hosts that are built into a client: for other hosts Thunderbird "
        "and K-9 ignore OAuth2, and the other clients send a password or fail; profiles and "
        "Autodiscover cannot describe OAuth2 for mail",
        "offer password-cleartext after OAuth2 if passwords work",
        (*AUTOCONFIG_CLIENTS, OUTLOOK, APPLE_MAIL),
        check=authentication.oauth2_alone,
    ),
    Rule(
        "no-password",
        "error",
        "these clients always send a password, and none of these services accepts one",
        "also offer password-cleartext if passwords work",
        (DELTA_CHAT, FAIREMAIL, EVOLUTION, AERC, NEXTCLOUD_MAIL, SNAPPYMAIL, GEARY, MAILSPRING),
        check=authentication.no_password,
    ),
    Rule(
        "password-later",
        "error",
        "the first service of its type accepts no password, and these clients use only the first "
        "one (aerc: of IMAP only)",
        "give a service that accepts a password a smaller priority number, or make this one "
        "accept a password",
        (K9, FAIREMAIL, AERC, NEXTCLOUD_MAIL, SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG, SAILFISH),
        check=authentication.password_later,
    ),
    Rule(
        "no-password-last",
        "error",
        "the last service of its type accepts no password, and these clients use it (aerc: of "
        "SMTP only)",
        "give a service that accepts a password a greater priority number, or make this one "
        "accept a password",
        (EVOLUTION, AERC),
        check=authentication.no_password_last,
    ),
    Rule(
        "kmail-method",
        "warning",
        "KMail uses the first method that is not password-cleartext, at any position in the list; "
        "its OAuth2 works only with the hosts of Google and Microsoft",
        "offer only passwords, or ask KMail users to select the password method by hand",
        (KMAIL,),
        check=authentication.kmail_method,
    ),
    Rule(
        "password-encrypted-later",
        "warning",
        "these clients use password-encrypted even if it comes after password-cleartext, and to "
        "them it means CRAM-MD5",
        "change nothing if the server supports CRAM-MD5; otherwise offer only password-cleartext",
        (EVOLUTION, KMAIL),
        check=authentication.password_encrypted_later,
    ),
    Rule(
        "profile-authentication",
        "error",
        "a configuration profile cannot describe these methods, so there is no profile",
        "also offer password-cleartext, password-encrypted or NTLM",
        (APPLE_MAIL,),
        check=authentication.profile_authentication,
    ),
    Rule(
        "outlook-authentication",
        "error",
        "Autodiscover cannot describe these methods, so it answers that there is no such account",
        "also offer password-cleartext if passwords work",
        (OUTLOOK,),
        check=authentication.outlook_authentication,
    ),
    Rule(
        "unknown-authentication",
        "error",
        "Thunderbird knows none of these methods, so it drops the service",
        "also offer a general method after them, such as password-cleartext",
        (THUNDERBIRD,),
        check=authentication.unknown_authentication,
    ),
    Rule(
        "ews-authentication",
        "warning",
        "these clients know none of these methods, so they do not offer Exchange",
        "also offer http:Basic or password-cleartext if passwords work",
        (THUNDERBIRD, MUSTANG),
        check=authentication.ews_authentication,
    ),
    Rule(
        "k9-authentication",
        "error",
        "these clients know none of these methods (Mustang also knows GSSAPI and NTLM): K-9 "
        "refuses the whole document, Mustang drops the service, Sailfish OS does not log in",
        "also offer OAuth2, password-cleartext or password-encrypted",
        (K9, MUSTANG, SAILFISH),
        check=authentication.k9_authentication,
    ),
)
