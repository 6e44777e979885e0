"""What an Autoconfig document says to people, and where it sends clients for OAuth2 tokens."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from waypost.model import Documentation, OAuth2
from waypost.transfer.imported import Notes
from waypost.transfer.ispdb_xml import children, line_of, local_name, shown, text_of
from waypost.transfer.provider_parts import LONG_TEXT_MAX_CHARS
from waypost.transfer.rules import RuleBroken, check_text, check_web_url

_OAUTH2: Final = {
    "issuer": "issuer",
    "authurl": "auth_url",
    "tokenurl": "token_url",
    "scope": "scope",
    "clientid": "client_id",
    "clientsecret": "client_secret",
}
_URLS: Final = frozenset({"issuer", "auth_url", "token_url"})
# RFC 5646 s2.1: sub-tags of letters and digits.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read_documentation(element: etree._Element, notes: Notes) -> Iterator[Documentation]:
    """Read an element documentation; nothing where its URL cannot be used."""
    line = line_of(element)
    url, hash_sign, fragment = (element.get("url") or "").strip().partition("#")
    try:
        check_text(url, LONG_TEXT_MAX_CHARS)
        check_web_url(url)
    except RuleBroken as broken:
        notes.leave_out(line, "documentation", f"its url {broken}")
        return
    if hash_sign and fragment:
        why = f"its url was cut at the fragment #{fragment[:60]}"
        notes.leave_out(line, "documentation", why)
    texts: dict[str | None, str] = {}
    for part in children(element):
        if local_name(part) == "descr":
            _description(part, texts, notes)
        else:
            notes.leave_out(line_of(part), shown(part), "Waypost knows no such element")
    yield Documentation(url, tuple(texts.items()))


def _description(part: etree._Element, texts: dict[str | None, str], notes: Notes) -> None:
    language = (part.get("lang") or part.get(_XML_LANG) or "").strip() or None
    text = text_of(part)
    if language is not None and not _LANGUAGE.fullmatch(language):
        notes.leave_out(line_of(part), "descr", "its lang is not a language (RFC 5646)")
        return
    if language in texts:
        notes.leave_out(line_of(part), "descr", f"the language {language or 'none'} stands twice")
        return
    try:
        texts[language] = check_text(text, LONG_TEXT_MAX_CHARS)
    except RuleBroken as broken:
        notes.leave_out(line_of(part), "descr", str(broken))


def read_oauth2(element: etree._Element, notes: Notes) -> Iterator[OAuth2]:
    """Read an element oAuth2; nothing where nothing in it can be used."""
    values: dict[str, str] = {}
    for part in children(element):
        line, name = line_of(part), _OAUTH2.get(local_name(part))
        if name is None:
            notes.leave_out(line, shown(part), "Waypost knows no such element")
            continue
        if name in values:
            notes.leave_out(line, shown(part), "stands twice")
            continue
        text = text_of(part)
        if name == "issuer" and text and "://" not in text:
            # The ISPDB names issuers by their host; RFC 8414 s2 wants a URL.
            notes.leave_out(line, "issuer", f"became the URL https://{text[:100]}")
            text = f"https://{text}"
        try:
            check_text(text, LONG_TEXT_MAX_CHARS)
            values[name] = check_web_url(text) if name in _URLS else text
        except RuleBroken as broken:
            notes.leave_out(line, shown(part), str(broken))
    if values:
        yield OAuth2(**values)
    else:
        notes.leave_out(line_of(element), shown(element), "says nothing that can be used")
