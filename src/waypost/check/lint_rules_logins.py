"""The rules of the linter about login names that some clients choose themselves."""

from typing import Final

from waypost.check import lint_logins
from waypost.check.lint_clients import (
    CLAWS_MAIL,
    FAIREMAIL,
    GEARY,
    HIMALAYA,
    MAILSPRING,
    SNAPPYMAIL,
    THUNDERBIRD_IOS,
)
from waypost.check.lint_rule import Rule

LOGIN_RULES: Final = (
    Rule(
        "login-is-address",
        (THUNDERBIRD_IOS, HIMALAYA, GEARY, CLAWS_MAIL),
        lint_logins.login_is_address,
        "they log in with the address (himalaya where the login name holds no @, and with the "
        "login name of IMAP for SMTP; Thunderbird for iOS on one of its two screens; Geary and "
        "Claws Mail whatever is configured)",
        "let the server take the address as well, and offer that",
    ),
    Rule(
        "login-name-form",
        (SNAPPYMAIL, MAILSPRING),
        lint_logins.neither_address_nor_local_part,
        "the login name is neither the address nor the local part, and they know no other: "
        "SnappyMail takes the local part, Mailspring the address",
        "let the server take the address or the local part as well, and offer that",
    ),
    Rule(
        "login-names-differ",
        (FAIREMAIL,),
        lint_logins.not_one_login_name,
        "it has one login name to read with and to send with, and takes the last one of the "
        "document, else the address or the local part",
        "offer the same login name for all services",
    ),
)
