"""Read web mail in an Autoconfig document: Mozilla's format 1.1, element webMail."""

from typing import Final

from lxml import etree

from waypost.core.model import FormField, Webmail, WebmailLogin
from waypost.importers.import_result import ImportNotes
from waypost.importers.ispdb.xml import children, line_of, local_name, page_url, tag_name, text_of
from waypost.providers_file.models.webmail import (
    FORM_TEXT_MAX_CHARS,
    check_login_url,
    check_username,
)
from waypost.providers_file.validators import RuleBroken, check_text

_FIELDS: Final = {
    "usernamefield": "username_field",
    "passwordfield": "password_field",
    "loginbutton": "login_button",
}


class WebmailReader:
    """A reader of elements webMail; of duplicate values it keeps the first."""

    def __init__(self) -> None:
        """Create a reader that has read no element."""
        self._url: str | None = None
        self._login: WebmailLogin | None = None

    @property
    def webmail(self) -> Webmail | None:
        """Return the result; the page of the form replaces a missing loginPage."""
        url = self._url or (self._login.url if self._login else None)
        return None if url is None else Webmail(url, self._login)

    def read(self, element: etree._Element, notes: ImportNotes) -> None:
        """Read an element webMail."""
        for part in children(element):
            tag = local_name(part)
            known = {"loginpage": self._url, "loginpageinfo": self._login}
            if tag not in known:
                _leave_out(part, notes, "Waypost does not support this element")
            elif known[tag] is not None:
                _leave_out(part, notes, "appears twice")
            elif tag == "loginpage":
                self._url = page_url(part, notes, "url")
            else:
                self._login = _login(part, notes)


def _login(element: etree._Element, notes: ImportNotes) -> WebmailLogin | None:
    url = page_url(element, notes, "url")
    if url is None:
        return None
    try:
        check_login_url(url)
    except RuleBroken as broken:
        _leave_out(element, notes, f"its url {broken}")
        return None
    username: str | None = None
    fields: dict[str, FormField] = {}
    for part in children(element):
        tag = local_name(part)
        key = _FIELDS.get(tag)
        if tag != "username" and key is None:
            _leave_out(part, notes, "Waypost does not support this element")
        elif key in fields or (key is None and username is not None):
            _leave_out(part, notes, "appears twice")
        elif key is None:
            username = _username(part, notes)
        elif (field := _field(part, notes)) is not None:
            fields[key] = field
    return WebmailLogin(url, username, **fields)


def _username(part: etree._Element, notes: ImportNotes) -> str | None:
    try:
        return check_username(text_of(part))
    except RuleBroken as broken:
        _leave_out(part, notes, str(broken))
        return None


def _field(part: etree._Element, notes: ImportNotes) -> FormField | None:
    attributes: dict[str, str] = {}
    for name in ("id", "name"):
        if (text := part.get(name)) is None:
            continue
        try:
            attributes[name] = check_text(text, FORM_TEXT_MAX_CHARS)
        except RuleBroken as broken:
            _leave_out(part, notes, f"its {name} {broken}")
    if not attributes:
        _leave_out(part, notes, "has neither an id nor a name that can be used")
        return None
    return FormField(**attributes)


def _leave_out(element: etree._Element, notes: ImportNotes, why: str) -> None:
    notes.leave_out(line_of(element), tag_name(element), why)
