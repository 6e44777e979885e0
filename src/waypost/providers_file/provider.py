"""Read the parts of a provider that are not services: pages for users, OAuth2, servers."""

import re
from typing import Final

from waypost.core.address import SEPARATORS, EmailAddress
from waypost.core.errors import AddressError
from waypost.core.model import Documentation, LdapServer, Logo, OAuth2
from waypost.core.placeholders import has_placeholder
from waypost.providers_file.directories.ldapserver import KEYS as LDAPSERVER_KEYS
from waypost.providers_file.directories.ldapserver import read_ldapserver
from waypost.providers_file.validation import Table, warn_of_placeholder
from waypost.providers_file.validators import RuleBroken, check_text, check_web_url

DOCUMENTATION_KEYS: Final = ("url", "descriptions")
OAUTH2_KEYS: Final = ("issuer", "auth_url", "token_url", "scope", "client_id", "client_secret")
OAUTH2_URLS: Final = frozenset({"issuer", "auth_url", "token_url"})
LOGO_KEYS: Final = ("url", "content_type", "width", "height")
LOGO_MAX_PIXELS: Final = 10_000
LONG_TEXT_MAX_CHARS: Final = 2000
# RFC 6838 s4.2.
IMAGE_TYPE: Final = re.compile(r"[Ii][Mm][Aa][Gg][Ee]/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
# RFC 3966 s3: a global number. For an https URL there are more checks below.
CONTACT: Final = re.compile(
    r"[Mm][Aa][Ii][Ll][Tt][Oo]:[A-Za-z0-9.!$'*+/=_~-]+@[A-Za-z0-9.-]+"
    r"|[Tt][Ee][Ll]:\+[0-9().-]{2,40}"
)
# RFC 5646 s2.1: sub-tags of letters and digits.
LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def read_pages(table: Table, key: str) -> tuple[Documentation, ...]:
    """Read a list of pages for users: `documentation` or `enable`."""
    found = [_page(part) for part in table.tables(key)]
    return tuple(page for page in found if page is not None)


def _page(table: Table) -> Documentation | None:
    table.refuse_unknown(DOCUMENTATION_KEYS)
    table.require("url")
    url = read_web_url(table, "url")
    texts = table.table("descriptions")
    descriptions: list[tuple[str | None, str]] = []
    for language in texts.keys() if texts is not None else ():
        if texts is None:
            break
        # An empty key means a text without a language.
        if language and not LANGUAGE.fullmatch(language):
            texts.problem("", "has a key that is not a language (RFC 5646), such as en or pt-BR")
            continue
        text = texts.text(language, LONG_TEXT_MAX_CHARS)
        if text is not None:
            descriptions.append((language or None, text))
    return Documentation(url, tuple(descriptions)) if url is not None else None


def read_oauth2(table: Table) -> tuple[OAuth2, ...]:
    """Read a list of sources of OAuth2 tokens."""
    found = [_oauth2(part) for part in table.tables("oauth2")]
    return tuple(entry for entry in found if entry is not None)


def _oauth2(table: Table) -> OAuth2 | None:
    table.refuse_unknown(OAUTH2_KEYS)
    values = {
        key: read_web_url(table, key)
        if key in OAUTH2_URLS
        else table.text(key, LONG_TEXT_MAX_CHARS)
        for key in OAUTH2_KEYS
    }
    if not any(key in table for key in OAUTH2_KEYS):
        table.problem("", f"is empty; known keys are {', '.join(OAUTH2_KEYS)}")
    return OAuth2(**values)


def read_web_url(table: Table, key: str) -> str | None:
    """Read a URL that users or clients open; its length has no narrow limit."""
    text = table.text(key, LONG_TEXT_MAX_CHARS)
    if text is None:
        return None
    try:
        url = check_web_url(text)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None
    warn_of_placeholder(table, key, url)
    return url


def read_https_url(table: Table, key: str) -> str | None:
    """Read such a URL that must be https, and the same for all users."""
    url = read_web_url(table, key)
    if url is None or (url.lower().startswith("https://") and not has_placeholder(url)):
        return url
    table.problem(key, "must begin with https:// and be the same for all users")
    return None


def read_logos(table: Table) -> tuple[Logo, ...]:
    """Read a list of pictures."""
    found = [_logo(part) for part in table.tables("logos")]
    return tuple(logo for logo in found if logo is not None)


def _logo(table: Table) -> Logo | None:
    table.refuse_unknown(LOGO_KEYS)
    table.require("url", "content_type")
    url = read_https_url(table, "url")
    kind = table.text("content_type", LONG_TEXT_MAX_CHARS)
    if kind is not None and not IMAGE_TYPE.fullmatch(kind):
        table.problem("content_type", "must be an image type, such as image/png")
        kind = None
    width, height = (table.integer(key, 1, LOGO_MAX_PIXELS) for key in ("width", "height"))
    return None if url is None or kind is None else Logo(url, kind.lower(), width, height)


def read_separators(table: Table) -> str:
    """Read the characters between a user and a detail; return "" if there are none."""
    key = "subaddress_separators"
    found = table.text(key, len(SEPARATORS), may_be_empty=True) or ""
    if set(found) <= set(SEPARATORS):
        return found
    # A letter, a digit or a dot as a separator would cut most names in half.
    table.problem(key, f"each character must be one of {SEPARATORS}")
    return ""


def read_contacts(table: Table) -> tuple[str, ...]:
    """Read a list of URIs where users reach the provider."""
    found: list[str] = []
    for at, value in table.items("contacts"):
        if isinstance(value, str) and _is_contact(value):
            found.append(value)
        else:
            table.problem(at, "must be mailto:ADDRESS, tel:+NUMBER or an https URL")
    return tuple(found)


def _is_contact(uri: str) -> bool:
    scheme, _, rest = uri.partition(":")
    try:
        check_text(uri, LONG_TEXT_MAX_CHARS)
        if scheme.lower() == "mailto":
            # RFC 6068 s2: one address, without header fields; all other characters are encoded.
            return CONTACT.fullmatch(uri) is not None and bool(EmailAddress.parse(rest))
        if scheme.lower() == "https":
            return not has_placeholder(check_web_url(uri))
    except (RuleBroken, AddressError):
        return False
    return CONTACT.fullmatch(uri) is not None


def read_ldapservers(top: Table) -> tuple[LdapServer, ...]:
    """Read the directory servers."""
    found = []
    places: dict[int, str] = {}
    for table in top.tables("ldapserver"):
        table.refuse_unknown(LDAPSERVER_KEYS)
        server = read_ldapserver(table)
        number = table.raw("id")
        if isinstance(number, int) and number in places:
            table.problem("id", f"{number} is also at {places[number]}; ids must be unique")
        elif isinstance(number, int):
            places[number] = table.at("id")
        if server is not None:
            found.append(server)
    return tuple(found)
