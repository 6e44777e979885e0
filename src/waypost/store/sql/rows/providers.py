"""Convert rows of the table `provider` to values, and back."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from waypost.core.address import SEPARATORS
from waypost.core.model import (
    Documentation,
    FormField,
    Logo,
    OAuth2,
    Provider,
    Webmail,
    WebmailLogin,
)
from waypost.core.text_rules import clean_text
from waypost.database.json_values import MalformedJson
from waypost.store.sql.rows.page import page_from_values
from waypost.store.sql.rows.profiles import profile_from_values
from waypost.store.sql.rows.services import Row, RowError

# Values that `pages` stores as they are. A new attribute of providers needs only its name here.
_TEXTS: Final = ("update_url", "developer_url")
_MALFORMED: Final = (TypeError, ValueError, KeyError, AttributeError)
_OTHER_FORM: Final = "has JSON of another form than Waypost writes"


def provider_from_row(row: Row, on_malformed: Callable[[str], None] | None = None) -> Provider:
    """Return the provider of a row of `provider`.

    Args:
        row: the columns of the provider.
        on_malformed: gets the reason for each column whose JSON cannot be used; the provider then
            has nothing from this column. None to raise an error.

    Raises:
        RowError: a column has no JSON, or JSON of another form.
    """
    values: dict[str, Any] = {}
    for column, read in _JSON_READERS.items():
        try:
            values |= read(row[column])
        except _MALFORMED as error:
            value = row[column]
            malformed = value.reason if isinstance(value, MalformedJson) else _OTHER_FORM
            if on_malformed is None:
                raise RowError(f"{column}: {malformed}") from error
            on_malformed(f"{column}: {malformed}")
    return Provider(
        name=clean_text(row["name"]),
        short_name=clean_text(row["short_name"]),
        subaddress_separators=_valid_separators(row["subaddress_separators"] or ""),
        **values,
    )


def _read_documentation(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- decoded JSON
    return {"documentation": _documentation(value or ())}


def _read_oauth2(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- decoded JSON
    servers = tuple(OAuth2(**entry) for entry in value or ())
    for server in servers:
        for name in OAuth2.__slots__:
            if not isinstance(getattr(server, name), str | None):
                raise TypeError(name)
    return {"oauth2": servers}


def _read_pages(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- decoded JSON
    pages = value or {}
    return {
        "enable": _documentation(pages.get("enable", ())),
        "webmail": _webmail(pages.get("webmail")),
        "logos": tuple(Logo(**entry) for entry in pages.get("logos", ())),
        "contacts": tuple(pages.get("contacts", ())),
        "profile": profile_from_values(pages.get("profile")),
        "page": page_from_values(pages.get("page")),
        **{key: pages.get(key) for key in _TEXTS},
    }


_JSON_READERS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "documentation": _read_documentation,
    "oauth2": _read_oauth2,
    "pages": _read_pages,
}
"""The columns with JSON, each with a function from the decoded value to attributes."""


def provider_row(provider: Provider) -> dict[str, Any]:
    """Return a row for a provider, without its id."""
    oauth2 = [
        {name: getattr(entry, name) for name in OAuth2.__slots__} for entry in provider.oauth2
    ]
    pages = {
        "enable": _entries(provider.enable),
        "webmail": _webmail_entry(provider.webmail),
        "logos": [{key: getattr(logo, key) for key in Logo.__slots__} for logo in provider.logos],
        "contacts": list(provider.contacts),
        "profile": provider.profile.as_dict(),
        "page": provider.page.as_dict(),
        **{key: getattr(provider, key) for key in _TEXTS},
    }
    return {
        "name": provider.name,
        "short_name": provider.short_name,
        "documentation": _entries(provider.documentation) or None,
        "oauth2": oauth2 or None,
        "pages": {key: value for key, value in pages.items() if value} or None,
        "subaddress_separators": provider.subaddress_separators or None,
    }


def invalid_separators(stored: str) -> str:
    """Return the characters in a provider's separators that are not allowed."""
    return "".join(char for char in stored if char not in SEPARATORS)


def _valid_separators(stored: str) -> str:
    """Return the allowed separators: with a letter from SQL, few users could log in."""
    return "".join(char for char in stored if char in SEPARATORS)


def _documentation(entries: Iterable[dict[str, Any]]) -> tuple[Documentation, ...]:
    return tuple(
        Documentation(page["url"], tuple((lang, text) for lang, text in page["descriptions"]))
        for page in entries
    )


def _entries(pages: Iterable[Documentation]) -> list[dict[str, Any]]:
    return [
        {"url": page.url, "descriptions": [list(pair) for pair in page.descriptions]}
        for page in pages
    ]


def _webmail(entry: str | dict[str, Any] | None) -> Webmail | None:
    """Return the webmail of a URL, or of a URL with its login form."""
    if entry is None or isinstance(entry, str):
        return None if entry is None else Webmail(entry)
    values: dict[str, Any] = {
        key: FormField(**value) if isinstance(value, dict) else value
        for key, value in entry["login"].items()
    }
    return Webmail(entry["url"], WebmailLogin(**values))


def _webmail_entry(webmail: Webmail | None) -> str | dict[str, Any] | None:
    if webmail is None or webmail.login is None:
        return None if webmail is None else webmail.url
    values = {name: getattr(webmail.login, name) for name in WebmailLogin.__slots__}
    fields = {
        key: {"id": value.id, "name": value.name} if isinstance(value, FormField) else value
        for key, value in values.items()
        if value is not None
    }
    return {"url": webmail.url, "login": fields}
