"""The key `webmail` of a providers file: a URL, or a URL with its login form.

Mozilla's format 1.1, element webMail: loginPage is for users, loginPageInfo for programs.
"""

from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import FormField, Webmail, WebmailLogin
from waypost.core.placeholders import attributes_in
from waypost.providers_file.json_schema_parts import Schema, object_schema, text, web_url
from waypost.providers_file.provider import LONG_TEXT_MAX_CHARS, read_web_url
from waypost.providers_file.validation import Table
from waypost.providers_file.validators import (
    RuleBroken,
    check_text,
    check_web_url,
    unknown_placeholder,
)

FIELDS: Final = ("username_field", "password_field", "login_button")
FORM_TEXT_MAX_CHARS: Final = 255
_KEYS: Final = ("url", "login")
_LOGIN_KEYS: Final = ("url", "username", *FIELDS)
_FIELD_KEYS: Final = ("id", "name")


def read_webmail(table: Table) -> Webmail | None:
    """Read the key `webmail` of a provider: a URL or a table."""
    if not isinstance(table.raw("webmail"), dict):
        url = read_web_url(table, "webmail")
        return None if url is None else Webmail(url)
    part = table.table("webmail")
    if part is None:
        return None
    part.refuse_unknown(_KEYS)
    part.require("url")
    url, login = read_web_url(part, "url"), part.table("login")
    read = None if login is None else _login(login)
    return None if url is None else Webmail(url, read)


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
        raise RuleBroken(f"{unknown} is not a placeholder")
    if attributes := attributes_in(name):
        raise RuleBroken(f"%{{{attributes[0]}}} cannot be used here; use %EMAILADDRESS%")
    return name


def webmail_data(webmail: Webmail | None) -> dict[str, object]:
    """Return the key `webmail` as plain data."""
    if webmail is None:
        return {}
    login = webmail.login
    if login is None:
        return {"webmail": webmail.url}
    data: dict[str, object] = {"url": login.url}
    if login.username is not None:
        data["username"] = login.username
    for key in FIELDS:
        field: FormField | None = getattr(login, key)
        if field is not None:
            both = {"id": field.id, "name": field.name}
            data[key] = {name: value for name, value in both.items() if value is not None}
    return {"webmail": {"url": webmail.url, "login": data}}


def webmail_schema() -> Schema:
    """Return the JSON Schema of the key, for editors."""
    field_keys = {
        "id": text(FORM_TEXT_MAX_CHARS, "The attribute id of the field."),
        "name": text(FORM_TEXT_MAX_CHARS, "The attribute name of the field."),
    }
    field = {**object_schema(_FIELD_KEYS, field_keys), "minProperties": 1}
    about = "The page of the form."
    page = {**text(LONG_TEXT_MAX_CHARS, about), "pattern": "^[Hh][Tt][Tt][Pp][Ss]://"}
    login = object_schema(
        _LOGIN_KEYS,
        {
            "url": page,
            "username": text(FORM_TEXT_MAX_CHARS, "The user name, such as %EMAILADDRESS%."),
            **dict.fromkeys(FIELDS, field),
        },
        ["url"],
    )
    url = web_url(LONG_TEXT_MAX_CHARS, "Where users log in with a browser.")
    return {"anyOf": [url, object_schema(_KEYS, {"url": url, "login": login}, ["url"])]}


def _login(table: Table) -> WebmailLogin | None:
    table.refuse_unknown(_LOGIN_KEYS)
    table.require("url")
    url, username = (
        table.text("url", LONG_TEXT_MAX_CHARS),
        table.text("username", FORM_TEXT_MAX_CHARS),
    )
    for key, value, check in (
        ("url", url, check_login_url),
        ("username", username, check_username),
    ):
        try:
            if value is not None:
                check(value)
        except RuleBroken as broken:
            table.problem(key, str(broken))
    user, password, button = (_field(table, key) for key in FIELDS)
    return None if url is None else WebmailLogin(url, username, user, password, button)


def _field(table: Table, key: str) -> FormField | None:
    part = table.table(key)
    if part is None:
        return None
    part.refuse_unknown(_FIELD_KEYS)
    if not any(known in part for known in _FIELD_KEYS):
        part.problem("", f"is empty; known keys are {', '.join(_FIELD_KEYS)}")
    return FormField(part.text("id", FORM_TEXT_MAX_CHARS), part.text("name", FORM_TEXT_MAX_CHARS))
