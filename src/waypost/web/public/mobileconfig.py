"""Apple configuration profiles over HTTP."""

import unicodedata
from typing import Final

from waypost.address import EmailAddress
from waypost.errors import AddressError, DomainNotServed, NoUsableService, RequestError
from waypost.formats import mobileconfig
from waypost.web.public.context import Context, Noted
from waypost.web.public.reply import Reply, text
from waypost.web.public.request import Request

PATH: Final = "/mobileconfig"
NAME_MAX_CHARS: Final = 128


async def get(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer GET with `emailaddress` and `name`. A `password` is not read at all."""
    try:
        query = request.query()
        address = EmailAddress.parse_query(query.get("emailaddress", ""))
        name = _display_name(query.get("name", ""))
    except AddressError as error:
        return text(400, f"emailaddress: {error}", error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    noted.domain, noted.address = address.domain.ascii, address
    try:
        config = (await context.lookup.for_address(address)).named(name)
        body = mobileconfig.render(config)
    except (DomainNotServed, NoUsableService) as error:
        return text(404, str(error), error.code)
    disposition = f'attachment; filename="{mobileconfig.file_name(config)}"'
    headers = (("content-disposition", disposition), ("cache-control", "private, no-cache"))
    return Reply(200, mobileconfig.CONTENT_TYPE, body, headers)


def _display_name(name: str) -> str:
    """Check what a user calls herself.

    Raises:
        RequestError: it is too long or holds a character that no document can carry.
    """
    stripped = name.strip()
    if len(stripped) > NAME_MAX_CHARS:
        raise RequestError(f"name: longer than {NAME_MAX_CHARS} characters")
    if any(_is_forbidden(char) for char in stripped):
        raise RequestError("name: holds a control character")
    return stripped


def _is_forbidden(char: str) -> bool:
    return ord(char) & 0xFFFE == 0xFFFE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
