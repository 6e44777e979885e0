"""Profiles at the URLs of other products, for the links that their users have.

Some of these links contain an address. Others do not: their product knew it from a login, or left
it out of the profile. A user who follows one of those gets a form for the address, and then the
profile.
"""

from typing import Final

from waypost.core.errors import RequestError
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.handlers import mobileconfig
from waypost.web.public.page import landing_page
from waypost.web.public.request import Request
from waypost.web.public.response import Response, text

PATHS: Final = (
    # Monogramm/autodiscover-email-settings, smartlyway/email-autoconfig-php, Tiliq/autodiscover.xml
    # and their descendants: `email`.
    "/email.mobileconfig",
    # mjl-/mox, http/autoconf.go 13cc5834: `addresses`, separated by commas, and `name`.
    "/profile.mobileconfig",
    # mailcow/mailcow-dockerized, data/web/mobileconfig.php 02206463: `only_email` and
    # `app_password` without a value; the address comes from a login.
    "/mobileconfig.php",
    # Mailu/Mailu, core/admin/mailu/internal/views/autoconfig.py 14931c4a: none.
    "/apple.mobileconfig",
    # mail-in-a-box/mailinabox#261: a file.
    "/mailinabox.mobileconfig",
    # HaiSoftSARL/plesk_mail_autoconfig: a file next to a form; others send `email` there.
    "/mail/apple.mobileconfig",
)


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer as `/mobileconfig` does; without an address, with a form that asks for it.

    Like a profile, the form is sent over https only, if the scheme is known.
    """
    try:
        query = request.query()
        if mobileconfig.requested_address(query):
            return await mobileconfig.get(context, request, log_entry)
        response = await mobileconfig.response_on_plain_http(context, request, query)
        return response or await landing_page.form(context, request, request.path)
    except RequestError as error:
        return text(400, str(error), error.code)
