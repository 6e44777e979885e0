"""The rules of the linter about calendars and address books."""

from typing import Final

from waypost.check import lint_dav
from waypost.check.lint_clients import APPLE_MAIL, DAVX5
from waypost.check.lint_rule import Rule

DAV_RULES: Final = (
    Rule(
        "dav-http-url",
        (DAVX5,),
        lint_dav.dav_http_url,
        "it looks up https alone, and follows no redirect from https to http",
        "serve it by https",
    ),
    Rule(
        "dav-user-host",
        (DAVX5,),
        lint_dav.dav_user_host,
        "the host differs from user to user, so neither DNS nor /.well-known can name it",
        "use a host that is the same for all users of a domain",
    ),
    Rule(
        "macos-carddav",
        (APPLE_MAIL,),
        lint_dav.macos_carddav,
        "macOS takes the host from a profile and not the path; it asks at "
        "https://HOST/.well-known/carddav",
        "let https://HOST/.well-known/carddav redirect to it",
        "note",
    ),
)
