"""Read the options of POP3 in an Autoconfig document: Mozilla's format 1.1, element pop3."""

from typing import Final

from lxml import etree

from waypost.core.model import Pop3Options
from waypost.importers.import_result import ImportNotes
from waypost.importers.ispdb.xml import children, line_of, local_name, tag_name, text_of
from waypost.providers_file.models.service import POP3_DAYS_MAX

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def read_pop3(element: etree._Element, notes: ImportNotes) -> Pop3Options | None:
    """Read the element; return None if it contains nothing that can be used."""
    flags: dict[str, bool] = {}
    days: int | None = None
    for part in children(element):
        tag, text = local_name(part), text_of(part).lower()
        if tag in {"leavemessagesonserver", "downloadonbiff"} and text in _FLAGS:
            flags[tag] = _FLAGS[text]
        elif tag == "daystoleavemessagesonserver" and _is_days(text):
            days = int(text)
        else:
            notes.leave_out(line_of(part), f"pop3 {tag_name(part)}", "is not a valid option")
    leave, biff = flags.get("leavemessagesonserver"), flags.get("downloadonbiff")
    options = Pop3Options(leave, days, biff)
    return None if options == Pop3Options() else options


def _is_days(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= POP3_DAYS_MAX
