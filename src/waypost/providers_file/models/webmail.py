"""The key `webmail`: a URL, or a URL with its login form.

Mozilla's format 1.1, element webMail: loginPage is for users, loginPageInfo for programs.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from waypost.core.model import FormField, Webmail, WebmailLogin
from waypost.core.placeholders import attributes_in
from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.rules import KeyRule, NotNull, Problem, Schema
from waypost.providers_file.models.texts import (
    HTTPS_PATTERN,
    LONG_TEXT_MAX_CHARS,
    WEB_URL,
    PlainText,
)
from waypost.providers_file.validators import (
    RuleBroken,
    check_text,
    check_web_url,
    unknown_placeholder,
)

FORM_TEXT_MAX_CHARS: Final = 255


def check_login_url(url: str) -> str:
    """Check that a password may be sent to the URL of a form, and return the URL.

    Raises:
        RuleBroken: the string is not a URL, or not an https URL.
    """
    check_web_url(check_text(url, LONG_TEXT_MAX_CHARS))
    # Mozilla's format: clients must ignore a URL of http here.
    if urlsplit(url).scheme.lower() != "https":
        raise RuleBroken("must begin with https://, because clients send a password there")
    return url


def check_username(name: str) -> str:
    """Check that clients can expand the user name of a form, and return the user name.

    Raises:
        RuleBroken: the message names the rule.
    """
    check_text(name, FORM_TEXT_MAX_CHARS)
    if unknown := unknown_placeholder(name):
        message = f"{unknown} is not a placeholder"
        raise RuleBroken(message)
    if attributes := attributes_in(name):
        message = f"%{{{attributes[0]}}} cannot be used here; use %EMAILADDRESS%"
        raise RuleBroken(message)
    return name


class FormFieldTable(TableModel):
    """A field or a button of a login form."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    value_type = FormField

    id: Annotated[str | None, PlainText(FORM_TEXT_MAX_CHARS)] = Field(
        default=None, description="The attribute id of the field."
    )
    name: Annotated[str | None, PlainText(FORM_TEXT_MAX_CHARS)] = Field(
        default=None, description="The attribute name of the field."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if neither attribute is given."""
        yield from cls.empty_mistakes(data)


class WebmailLoginTable(TableModel):
    """A login form, and how a program fills it in."""

    value_type = WebmailLogin

    url: Annotated[str, PlainText(LONG_TEXT_MAX_CHARS, check_login_url, pattern=HTTPS_PATTERN)] = (
        Field(description="The page of the form.")
    )
    username: Annotated[str | None, PlainText(FORM_TEXT_MAX_CHARS, check_username)] = Field(
        default=None, description="The user name, such as %EMAILADDRESS%."
    )
    username_field: Annotated[FormFieldTable | None, NotNull()] = Field(
        default=None, description="The field for the user name."
    )
    password_field: Annotated[FormFieldTable | None, NotNull()] = Field(
        default=None, description="The field for the password."
    )
    login_button: Annotated[FormFieldTable | None, NotNull()] = Field(
        default=None, description="The button that sends the form."
    )


class WebmailTable(TableModel):
    """A web page where users read their mail, with its login form."""

    value_type = Webmail

    url: Annotated[str, WEB_URL] = Field(description="Where users log in with a browser.")
    login: Annotated[WebmailLoginTable | None, NotNull()] = Field(
        default=None, description="The login form, for programs."
    )


class WebmailKey(KeyRule):
    """A URL, or a table with a URL and a login form."""

    def warnings(self, value: object) -> Iterator[Problem]:
        """Warn of a word that looks like a placeholder."""
        if isinstance(value, dict):
            yield from (
                (("url", *location), text) for location, text in self.warnings(value.get("url"))
            )
        else:
            yield from WEB_URL.warnings(value)

    def serialize(self, value: Any) -> object:
        """Return the URL if there is no login form, or the table."""
        return value.url if value.login is None else WebmailTable.serialize(value)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let Pydantic read a table if the value is one."""

        def read(value: object, table: core_schema.ValidatorFunctionWrapHandler) -> object:
            if isinstance(value, dict):
                return table(value)
            return WebmailTable.model_construct(url=WEB_URL.read(value))

        return core_schema.no_info_wrap_validator_function(
            read, handler.generate_schema(WebmailTable)
        )

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        """Describe both forms."""
        return {"anyOf": [WEB_URL.schema(), handler(core)]}
