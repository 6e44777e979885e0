"""The key `page`: how the setup page for users presents one provider."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, ValidationInfo

from waypost.core.logo import DATA_URL_MAX_CHARS, LOGO_MAX_BYTES, is_data_url, to_data_url
from waypost.core.model import PageSettings
from waypost.core.model.page import LocalTexts, sorted_texts
from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.rules import KeyRule, Schema, context_of, require_string
from waypost.providers_file.models.texts import (
    PATH_MAX_CHARS,
    LocalizedTexts,
    PlainText,
    absolute,
)
from waypost.providers_file.validators import RuleBroken, check_text
from waypost.runtime.regular_file import read_regular_file

TEXT_MAX_CHARS: Final = 1000
_COLOR: Final = "#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})"
LANGUAGE: Final = "|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
"""The key of a text (RFC 5646 s2.1). An empty one means all other languages."""
_TEXTS: Final = LocalizedTexts(
    TEXT_MAX_CHARS,
    LANGUAGE,
    'has a key that is neither a language, such as pt-BR, nor "" for all others',
    empty='is empty; remove it, or add a text under ""',
)


def _color(text: str) -> str:
    # CSS Color 4 s5.2.
    if not re.fullmatch(_COLOR, text):
        raise RuleBroken('must be a color of 3 or 6 hexadecimal digits, such as "#0a5cad"')
    digits = text[1:].lower()
    return f"#{digits if len(digits) == 6 else ''.join(digit * 2 for digit in digits)}"


@dataclass(frozen=True, slots=True)
class LogoFile(KeyRule):
    """The path of a picture, or a picture as a `data:` URL.

    The picture becomes a part of the value, so that each Waypost that serves the same database has
    it, and no request waits for a file.
    """

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the picture."""
        text = require_string(value)
        if text[:5].lower() == "data:":
            if not is_data_url(text):
                message = f"must be a picture in base64 of at most {LOGO_MAX_BYTES} bytes"
                raise RuleBroken(message)
            return text
        folder = context_of(info).folder
        if folder is None:
            raise RuleBroken("must be a data: URL here, not the path of a file")
        return _read_logo(absolute(check_text(text, PATH_MAX_CHARS), folder))

    def schema(self) -> Schema:
        """Return the limits of the length."""
        return {"type": "string", "minLength": 1, "maxLength": DATA_URL_MAX_CHARS}


def _read_logo(path: str) -> str:
    try:
        data = read_regular_file(path, LOGO_MAX_BYTES)
    except OSError as error:
        message = f"the file {Path(path).name} cannot be read: {error.strerror}"
        raise RuleBroken(message) from error
    if len(data) > LOGO_MAX_BYTES:
        message = f"is longer than {LOGO_MAX_BYTES} bytes; save a smaller picture"
        raise RuleBroken(message)
    url = to_data_url(data)
    if url is None:
        raise RuleBroken("must be an SVG, PNG, WebP, JPEG or GIF picture")
    return url


class PageTable(TableModel):
    """The setup page of a provider."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    color: Annotated[str | None, PlainText(7, _color, pattern=f"^{_COLOR}$")] = Field(
        default=None, description="The color of buttons and links, such as #0a5cad."
    )
    logo: Annotated[str | None, LogoFile()] = Field(
        default=None, description="A small picture: the path of an SVG, PNG, WebP, JPEG or GIF."
    )
    welcome: Annotated[LocalTexts, _TEXTS] = Field(
        default=(), description='What users read first, by language; "" for all others.'
    )
    help: Annotated[LocalTexts, _TEXTS] = Field(
        default=(), description='What users read about help, by language; "" for all others.'
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if no key is set."""
        yield from cls.empty_mistakes(data)

    def build(self) -> PageSettings:
        """Return the settings."""
        return PageSettings(
            self.color, self.logo, sorted_texts(self.welcome), sorted_texts(self.help)
        )

    @classmethod
    def serialize(cls, value: Any) -> object:
        """Return the settings that are given."""
        return value.as_dict()
