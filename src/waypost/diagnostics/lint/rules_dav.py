"""The rules of the linter about calendars and address books."""

from typing import Final

from waypost.core.clients import APPLE_MAIL, DAVX5
from waypost.diagnostics.lint import dav
from waypost.diagnostics.lint.rule import Rule

DAV_RULES: Final = (
    Rule(
        "dav-http-url",
        "warning",
        "DAVx5 looks up https only, and follows no redirect from https to http",
        "serve it over https",
        (DAVX5,),
        check=dav.dav_http_url,
    ),
    Rule(
        "dav-user-host",
        "warning",
        "the host differs from user to user, so neither DNS nor /.well-known can name it",
        "use one host for all users of a domain",
        (DAVX5,),
        check=dav.dav_user_host,
    ),
    Rule(
        "macos-carddav",
        "note",
        "macOS uses the host from a profile, but not the path; it asks at "
        "https://HOST/.well-known/carddav",
        "redirect https://HOST/.well-known/carddav to this URL",
        (APPLE_MAIL,),
        check=dav.macos_carddav,
    ),
)
