"""Reading the parts of a provider that are no services: pages for people, OAuth2, servers."""

import re
from typing import Final

from waypost.model import Documentation, LdapServer, OAuth2
from waypost.transfer.directory_servers import KEYS as LDAPSERVER_KEYS
from waypost.transfer.directory_servers import read_ldapserver
from waypost.transfer.rules import RuleBroken, check_web_url
from waypost.transfer.tables import Table

DOCUMENTATION_KEYS: Final = ("url", "descriptions")
OAUTH2_KEYS: Final = ("issuer", "auth_url", "token_url", "scope", "client_id", "client_secret")
OAUTH2_URLS: Final = frozenset({"issuer", "auth_url", "token_url"})
LONG_TEXT_MAX_CHARS: Final = 2000
# RFC 5646 s2.1: sub-tags of letters and digits.
LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def read_pages(table: Table, key: str) -> tuple[Documentation, ...]:
    """Read a list of pages for people: `documentation` or `enable`."""
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
        # An empty key stands for a text without a language.
        if language and not LANGUAGE.fullmatch(language):
            texts.problem("", "has a key that is not a language (RFC 5646), such as en or pt-BR")
            continue
        text = texts.text(language, LONG_TEXT_MAX_CHARS)
        if text is not None:
            descriptions.append((language or None, text))
    return Documentation(url, tuple(descriptions)) if url is not None else None


def read_oauth2(table: Table) -> tuple[OAuth2, ...]:
    """Read a list of where tokens come from."""
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
    """Read a URL of any length that people or clients open, or None."""
    text = table.text(key, LONG_TEXT_MAX_CHARS)
    if text is None:
        return None
    try:
        return check_web_url(text)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None


def read_ldapservers(top: Table) -> tuple[LdapServer, ...]:
    """Read the directory servers."""
    found = []
    places: dict[int, str] = {}
    for table in top.tables("ldapserver"):
        table.refuse_unknown(LDAPSERVER_KEYS)
        server = read_ldapserver(table)
        number = table.raw("id")
        if isinstance(number, int) and number in places:
            table.problem("id", f"{number} stands at {places[number]} as well; each has its own")
        elif isinstance(number, int):
            places[number] = table.at("id")
        if server is not None:
            found.append(server)
    return tuple(found)
