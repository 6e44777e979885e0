"""The texts of the pages in six languages."""

import pytest

from tests.web.admin.api.api_client import WRITER, Api
from tests.web.admin.pages.person import Person
from tests.web.admin.pages.texts import english_texts, placeholders
from waypost.web.admin.pages.languages import TRANSLATED, choose_language, read_language


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_text_has_a_translation(tag: str) -> None:
    """A language has exactly the texts of the pages, each with the same values."""
    texts = read_language(tag).texts
    assert set(texts) == set(english_texts())
    assert [one for one in texts.items() if placeholders(one[0]) != placeholders(one[1])] == []
    assert all(text.strip() for text in texts.values())


CHOICES = [
    ("", "en"),
    ("de-CH,de;q=0.9,en;q=0.8", "de"),
    ("en;q=0.5, fr;q=0.8", "fr"),
    ("ja, nl;q=0.1", "nl"),
    ("it;q=0, es;q=0.3", "es"),
    ("de;q=x", "en"),
    ("*", "en"),
    ("x" * 100_000, "en"),
]


@pytest.mark.parametrize(("accepted", "tag"), CHOICES)
def test_language_of_the_browser(accepted: str, tag: str) -> None:
    """The preferred language that Waypost has is used, or English."""
    assert choose_language(accepted).tag == tag


@pytest.mark.parametrize("tag", TRANSLATED)
def test_pages_in_each_language(api: Api, tag: str) -> None:
    """A page names its language, and its texts are in it."""
    person = Person(api, WRITER)
    for url in ("/admin/", "/admin/domain?name=example.com", "/admin/wizard"):
        text = person.client.get(url, headers={"accept-language": tag}).text
        assert f'<html lang="{tag}">' in text
        assert read_language(tag).texts["Overview"] in text
