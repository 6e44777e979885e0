"""What a provider publishes: pages for users, pictures, contacts, OAuth2."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError
from waypost.core.model import (
    Documentation,
    Logo,
    OAuth2,
)
from waypost.core.placeholders import has_placeholder
from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.rules import (
    Integer,
    KeyRule,
    Schema,
)
from waypost.providers_file.models.texts import (
    HTTPS_URL,
    LONG_TEXT_MAX_CHARS,
    WEB_URL,
    LocalizedTexts,
    PlainText,
)
from waypost.providers_file.validators import (
    RuleBroken,
    check_text,
    check_web_url,
)

LOGO_MAX_PIXELS: Final = 10_000
# RFC 6838 s4.2.
_IMAGE_TYPE: Final = re.compile(r"[Ii][Mm][Aa][Gg][Ee]/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
# RFC 3966 s3: a global number. For an https URL there are more checks below.
_CONTACT: Final = re.compile(
    r"[Mm][Aa][Ii][Ll][Tt][Oo]:[A-Za-z0-9.!$'*+/=_~-]+@[A-Za-z0-9.-]+"
    r"|[Tt][Ee][Ll]:\+[0-9().-]{2,40}"
)
# RFC 5646 s2.1: sub-tags of letters and digits. An empty key means a text without a language.
_LANGUAGE: Final = "|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*"
_LONG_TEXT: Final = PlainText(LONG_TEXT_MAX_CHARS)


def _image_type(text: str) -> str:
    if not _IMAGE_TYPE.fullmatch(text):
        raise RuleBroken("must be an image type, such as image/png")
    return text.lower()


class ContactUri(KeyRule):
    """A URI where users reach the provider."""

    def read(self, value: object) -> object:
        """Read the URI."""
        if not isinstance(value, str) or not _is_contact(value):
            raise RuleBroken("must be mailto:ADDRESS, tel:+NUMBER or an https URL")
        return value

    def schema(self) -> Schema:
        """Return the three forms."""
        pattern = f"^({_CONTACT.pattern}|[Hh][Tt][Tt][Pp][Ss]://.+)$"
        limits = {"minLength": 1, "maxLength": LONG_TEXT_MAX_CHARS}
        return {"type": "string", **limits, "pattern": pattern}


def _is_contact(uri: str) -> bool:
    scheme, _, rest = uri.partition(":")
    try:
        check_text(uri, LONG_TEXT_MAX_CHARS)
        if scheme.lower() == "mailto":
            # RFC 6068 s2: one address, without header fields; all other characters are encoded.
            return _CONTACT.fullmatch(uri) is not None and bool(EmailAddress.parse(rest))
        if scheme.lower() == "https":
            return not has_placeholder(check_web_url(uri))
    except (RuleBroken, AddressError):
        return False
    return _CONTACT.fullmatch(uri) is not None


class DocumentationTable(TableModel):
    """A page for users."""

    value_type = Documentation

    url: Annotated[str, WEB_URL] = Field(description="Address of the page.")
    descriptions: Annotated[
        tuple[tuple[str | None, str], ...],
        LocalizedTexts(
            LONG_TEXT_MAX_CHARS,
            _LANGUAGE,
            "has a key that is not a language (RFC 5646), such as en or pt-BR",
        ),
    ] = Field(default=(), description="By language (RFC 5646); an empty key means no language.")


class OAuth2Table(TableModel):
    """Where clients get OAuth2 tokens."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    value_type = OAuth2

    issuer: Annotated[str | None, WEB_URL] = Field(default=None, description="Issuer.")
    auth_url: Annotated[str | None, WEB_URL] = Field(
        default=None, description="Authorization endpoint."
    )
    token_url: Annotated[str | None, WEB_URL] = Field(default=None, description="Token endpoint.")
    scope: Annotated[str | None, _LONG_TEXT] = Field(
        default=None, description="Scopes, separated by spaces."
    )
    client_id: Annotated[str | None, _LONG_TEXT] = Field(
        default=None, description="The client's id."
    )
    client_secret: Annotated[str | None, _LONG_TEXT] = Field(
        default=None, description="The client's secret, which is public."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if no key is set."""
        yield from cls.empty_mistakes(data)


class LogoTable(TableModel):
    """A picture of the provider."""

    value_type = Logo

    url: Annotated[str, HTTPS_URL] = Field(description="Address of the picture.")
    content_type: Annotated[
        str, PlainText(LONG_TEXT_MAX_CHARS, _image_type, pattern=f"^{_IMAGE_TYPE.pattern}$")
    ] = Field(description="Media type, such as image/png.")
    width: Annotated[int | None, Integer(1, LOGO_MAX_PIXELS)] = Field(
        default=None, description="In pixels."
    )
    height: Annotated[int | None, Integer(1, LOGO_MAX_PIXELS)] = Field(
        default=None, description="In pixels."
    )
