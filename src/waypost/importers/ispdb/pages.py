"""Read the pages for users in an Autoconfig document, and the sources of OAuth2 tokens."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from waypost.core.model import Documentation, OAuth2, Webmail
from waypost.importers.import_result import ImportNotes
from waypost.importers.ispdb.webmail import WebmailReader
from waypost.importers.ispdb.xml import children, line_of, local_name, page_url, tag_name, text_of
from waypost.providers_file.models.texts import LONG_TEXT_MAX_CHARS
from waypost.providers_file.validators import RuleBroken, check_text, check_web_url

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


def read_documentation(element: etree._Element, notes: ImportNotes) -> Iterator[Documentation]:
    """Read an element documentation; yield nothing if its URL cannot be used."""
    yield from _page(element, notes, "url", "descr")


def read_enable(element: etree._Element, notes: ImportNotes) -> Iterator[Documentation]:
    """Read an element enable; yield nothing if its URL cannot be used."""
    yield from _page(element, notes, "visiturl", "instruction")


class RootPages:
    """The pages of all providers of a document, from the elements next to its providers.

    Attributes:
        update_url: where clients check for a newer document, or None.
    """

    def __init__(self) -> None:
        """Create a reader that has read no element."""
        self._webmail = WebmailReader()
        self.update_url: str | None = None

    @property
    def webmail(self) -> Webmail | None:
        """Return where users log in with a browser, or None."""
        return self._webmail.webmail

    def read(self, element: etree._Element, notes: ImportNotes) -> bool:
        """Read an element webMail or clientConfigUpdate; return False for other elements."""
        tag = local_name(element)
        if tag == "webmail":
            self._webmail.read(element, notes)
        elif tag == "clientconfigupdate":
            if self.update_url is not None:
                notes.leave_out(line_of(element), tag_name(element), "appears twice")
                return True
            self.update_url = page_url(element, notes, "url")
            if self.update_url is not None:
                why = "clients will later check this URL; remove update_url if it is not yours"
                notes.warn(line_of(element), tag_name(element), why)
        return tag in {"webmail", "clientconfigupdate"}


def _page(
    element: etree._Element, notes: ImportNotes, attribute: str, description_tag: str
) -> Iterator[Documentation]:
    url = page_url(element, notes, attribute)
    if url is None:
        return
    texts: dict[str | None, str] = {}
    for part in children(element):
        if local_name(part) == description_tag:
            _description(part, texts, notes)
        else:
            notes.leave_out(line_of(part), tag_name(part), "Waypost does not support this element")
    yield Documentation(url, tuple(texts.items()))


def _description(part: etree._Element, texts: dict[str | None, str], notes: ImportNotes) -> None:
    language = (part.get("lang") or part.get(_XML_LANG) or "").strip() or None
    text = text_of(part)
    if language is not None and not _LANGUAGE.fullmatch(language):
        notes.leave_out(line_of(part), tag_name(part), "its lang is not a language (RFC 5646)")
        return
    if language in texts:
        notes.leave_out(
            line_of(part), tag_name(part), f"the language {language or 'none'} appears twice"
        )
        return
    try:
        texts[language] = check_text(text, LONG_TEXT_MAX_CHARS)
    except RuleBroken as broken:
        notes.leave_out(line_of(part), tag_name(part), str(broken))


def read_oauth2(element: etree._Element, notes: ImportNotes) -> Iterator[OAuth2]:
    """Read an element oAuth2; yield nothing if nothing in it can be used."""
    values: dict[str, str] = {}
    for part in children(element):
        line, name = line_of(part), _OAUTH2.get(local_name(part))
        if name is None:
            notes.leave_out(line, tag_name(part), "Waypost does not support this element")
            continue
        if name in values:
            notes.leave_out(line, tag_name(part), "appears twice")
            continue
        text = text_of(part)
        if name == "issuer" and text and "://" not in text:
            # The ISPDB has only the host of an issuer; RFC 8414 s2 requires a URL.
            notes.leave_out(line, "issuer", f"became the URL https://{text[:100]}")
            text = f"https://{text}"
        try:
            check_text(text, LONG_TEXT_MAX_CHARS)
            values[name] = check_web_url(text) if name in _URLS else text
        except RuleBroken as broken:
            notes.leave_out(line, tag_name(part), str(broken))
    if values:
        yield OAuth2(**values)
    else:
        notes.leave_out(line_of(element), tag_name(element), "contains nothing that can be used")
