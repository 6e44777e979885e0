"""The rules of the linter for clients that choose the login name themselves."""

from typing import Final

from waypost.core.clients import (
    CLAWS_MAIL,
    FAIREMAIL,
    GEARY,
    HIMALAYA,
    MAILSPRING,
    SNAPPYMAIL,
    THUNDERBIRD_IOS,
)
from waypost.diagnostics.lint import login_names
from waypost.diagnostics.lint.rule import Rule

LOGIN_RULES: Final = (
    Rule(
        "login-is-address",
        "warning",
        "these clients log in with the address (himalaya: if the login name contains no @, and it "
        "uses the login name of IMAP for SMTP; Thunderbird for iOS: on one of its two screens; "
        "Geary and Claws Mail: always)",
        "make the mail server accept the address as login name too, and offer that",
        (THUNDERBIRD_IOS, HIMALAYA, GEARY, CLAWS_MAIL),
        check=login_names.login_is_address,
    ),
    Rule(
        "login-name-form",
        "warning",
        "the login name is neither the address nor the local part, and these clients know no "
        "other: SnappyMail uses the local part, Mailspring the address",
        "make the mail server accept the address or the local part too, and offer that",
        (SNAPPYMAIL, MAILSPRING),
        check=login_names.unusual_login_name,
    ),
    Rule(
        "login-names-differ",
        "warning",
        "FairEmail uses one login name for reading and for sending: the last one in the document, "
        "or else the address or the local part",
        "offer the same login name for all services",
        (FAIREMAIL,),
        check=login_names.different_login_names,
    ),
)
