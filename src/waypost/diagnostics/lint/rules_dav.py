"""The rules of the linter about calendars and address books."""

from typing import Final

from waypost.diagnostics.lint import dav
from waypost.diagnostics.lint.clients import APPLE_MAIL, DAVX5
from waypost.diagnostics.lint.rule import Rule

DAV_RULES: Final = (
    Rule(
        "dav-http-url",
        (DAVX5,),
        dav.dav_http_url,
        "DAVx5 looks up https only, and follows no redirect from https to http",
        "serve it over https",
    ),
    Rule(
        "dav-user-host",
        (DAVX5,),
        dav.dav_user_host,
        "the host differs from user to user, so neither DNS nor /.well-known can name it",
        "use one host for all users of a domain",
    ),
    Rule(
        "macos-carddav",
        (APPLE_MAIL,),
        dav.macos_carddav,
        "macOS uses the host from a profile, but not the path; it asks at "
        "https://HOST/.well-known/carddav",
        "redirect https://HOST/.well-known/carddav to this URL",
        "note",
    ),
)
