"""The page for people, as a browser without scripts sees it."""

from lxml import html


def profile_form(text: str) -> html.FormElement:
    """Give the form of the page that leads to a profile."""
    page = html.document_fromstring(text)
    assert isinstance(page, html.HtmlElement)
    (form,) = (one for one in page.forms if one.action == "/mobileconfig")
    assert isinstance(form, html.FormElement)
    return form
