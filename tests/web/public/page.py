"""The setup page, as a browser without scripts reads it."""

import asyncio
from collections.abc import Mapping

from lxml import html

from waypost.web.public.page.languages import Languages

LANGUAGES = asyncio.run(Languages().load())


def texts(tag: str) -> Mapping[str, str]:
    """Return the texts of one of Waypost's languages."""
    return LANGUAGES.language(tag).texts


def profile_form(text: str) -> html.FormElement:
    """Return the form of the page that sends a user to a profile."""
    return form_to(text, "/mobileconfig")


def form_to(text: str, action: str) -> html.FormElement:
    """Return the form of the page for a URL."""
    page = html.document_fromstring(text)
    assert isinstance(page, html.HtmlElement)
    (form,) = (one for one in page.forms if one.action == action)
    assert isinstance(form, html.FormElement)
    return form


def buttons(text: str) -> list[tuple[str, str]]:
    """Return the class and the action of each button that sends a form, in their order."""
    found = []
    for form in html.document_fromstring(text).iter("form"):
        actions = [
            one.get("value", "") for one in form.iter("input") if one.get("name") == "action"
        ]
        found += [
            (one.get("class", ""), one.get("value", "") or "".join(actions))
            for one in form.iter("button")
        ]
    return found


def elements(text: str, path: str) -> list[html.HtmlElement]:
    """Return the elements of the page at an XPath."""
    found = html.document_fromstring(text).xpath(path)
    assert isinstance(found, list)
    chosen = [one for one in found if isinstance(one, html.HtmlElement)]
    assert len(chosen) == len(found)
    return chosen
