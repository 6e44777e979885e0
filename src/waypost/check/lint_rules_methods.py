"""The rules of the linter about authentication methods, as a part of its table."""

from typing import Final

from waypost.check import lint_methods
from waypost.check.lint_clients import (
    AERC,
    APPLE_MAIL,
    AUTOCONFIG,
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
from waypost.check.lint_rule import Rule

METHOD_RULES: Final = (
    Rule(
        "oauth2-alone",
        (*AUTOCONFIG, OUTLOOK, APPLE_MAIL),
        lint_methods.oauth2_alone,
        "OAuth2 works only for hosts that are built into a client: for others Thunderbird and K-9 "
        "drop it, and the rest send a password or fail; profiles and Autodiscover have no OAuth2 "
        "for mail",
        "offer password-cleartext behind OAuth2 if passwords work",
        "error",
    ),
    Rule(
        "no-password",
        (DELTA_CHAT, FAIREMAIL, EVOLUTION, AERC, NEXTCLOUD_MAIL, SNAPPYMAIL, GEARY, MAILSPRING),
        lint_methods.no_password,
        "they send a password whatever stands here, and none of these services takes one",
        "offer password-cleartext as well if passwords work",
        "error",
    ),
    Rule(
        "password-later",
        (K9, FAIREMAIL, AERC, NEXTCLOUD_MAIL, SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG, SAILFISH),
        lint_methods.password_later,
        "it takes no password, and they use the first service of a type alone (aerc of IMAP)",
        "give a service that takes a password the smaller priority number, or let this one take it",
        "error",
    ),
    Rule(
        "no-password-last",
        (EVOLUTION, AERC),
        lint_methods.no_password_last,
        "it takes no password, and the last service of a type is used (by aerc of SMTP alone)",
        "give a service that takes a password the greater priority number, or let this one take it",
        "error",
    ),
    Rule(
        "kmail-method",
        (KMAIL,),
        lint_methods.kmail_method,
        "it takes the first method that is not password-cleartext, wherever it stands; its OAuth2 "
        "works with the hosts of Google and Microsoft alone",
        "offer passwords alone, or let its users choose the password by hand",
    ),
    Rule(
        "password-encrypted-later",
        (EVOLUTION, KMAIL),
        lint_methods.password_encrypted_later,
        "password-encrypted is taken although it stands behind password-cleartext, and means "
        "CRAM-MD5",
        "leave it if the server has CRAM-MD5, else offer password-cleartext alone",
    ),
    Rule(
        "profile-authentication",
        (APPLE_MAIL,),
        lint_methods.profile_authentication,
        "a profile has no word for these methods, so there is none",
        "offer password-cleartext, password-encrypted or NTLM as well",
        "error",
    ),
    Rule(
        "outlook-authentication",
        (OUTLOOK,),
        lint_methods.outlook_authentication,
        "Autodiscover has no word for these methods, so it says that there is no such account",
        "offer password-cleartext as well if passwords work",
        "error",
    ),
    Rule(
        "unknown-authentication",
        (THUNDERBIRD,),
        lint_methods.unknown_authentication,
        "no method is one that it knows, so it drops the service",
        "offer a general method behind it, as password-cleartext",
        "error",
    ),
    Rule(
        "ews-authentication",
        (THUNDERBIRD, MUSTANG),
        lint_methods.ews_authentication,
        "no method is one that they know, so they do not offer Exchange",
        "offer http:Basic or password-cleartext as well if passwords work",
    ),
    Rule(
        "k9-authentication",
        (K9, MUSTANG, SAILFISH),
        lint_methods.k9_authentication,
        "no method is one that they know (Mustang knows GSSAPI and NTLM as well): K-9 refuses the "
        "whole document, Mustang drops the service, Sailfish OS does not log in",
        "offer OAuth2, password-cleartext or password-encrypted as well",
        "error",
    ),
)
