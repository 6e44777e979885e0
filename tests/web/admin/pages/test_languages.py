"""The texts of the pages in six languages, and in those of an operator."""

from pathlib import Path

import polib
import pytest

from tests.web.admin.api.api_client import WRITER, Api, open_api
from tests.web.admin.pages.person import Person
from tests.web.admin.pages.texts import LANGUAGES, TEMPLATE, english_texts, template, up_to_date
from waypost.core.errors import SettingsError
from waypost.web.admin.pages.languages import ADMIN_TEXTS, AdminLanguages, read_admin_languages


def test_template_is_up_to_date() -> None:
    """The template has exactly the texts of the pages; if this fails, run `make docs`."""
    assert TEMPLATE.read_text(encoding="utf-8") == f"{template()}"
    assert list(ADMIN_TEXTS.english) == list(english_texts())


def test_which_there_are() -> None:
    """English is first, and the five others have a file."""
    assert AdminLanguages().tags == ("en", "de", "es", "fr", "it", "nl")


@pytest.mark.parametrize("tag", ADMIN_TEXTS.tags)
def test_every_text_has_a_translation(tag: str) -> None:
    """A language has exactly the texts of the pages, all translated, with the same values."""
    text = (LANGUAGES / f"{tag}.po").read_text(encoding="utf-8")
    assert text == f"{up_to_date(tag, template())}"
    assert [one.msgid for one in polib.pofile(text) if not one.translated()] == []
    # Other names in braces would be an error.
    assert set(ADMIN_TEXTS.translations(tag)) == set(english_texts())


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
    assert AdminLanguages().choose(accepted).tag == tag


@pytest.mark.parametrize("tag", ADMIN_TEXTS.tags)
def test_pages_in_each_language(api: Api, tag: str) -> None:
    """A page names its language, and its texts are in it."""
    person = Person(api, WRITER)
    for url in ("/admin/", "/admin/domain?name=example.com", "/admin/wizard"):
        text = person.client.get(url, headers={"accept-language": tag}).text
        assert f'<html lang="{tag}">' in text
        assert ADMIN_TEXTS.translations(tag)["Overview"] in text


def _write(folder: Path, name: str, english: str, text: str) -> None:
    (folder / "admin").mkdir(exist_ok=True)
    file = folder / "admin" / name
    file.write_text(f'msgid "{english}"\nmsgstr "{text}"\n', encoding="utf-8")


def test_own_languages(sample: Path, tmp_path: Path) -> None:
    """An operator's file adds a language, or replaces texts; others stay, or are English."""
    _write(tmp_path, "fa.po", "Overview", "نمای کلی")
    _write(tmp_path, "de.po", "Overview", "Lage")
    path = tmp_path / "waypost.sqlite"
    path.write_bytes(sample.read_bytes())
    with open_api(path, languages_dir=tmp_path) as api:
        person = Person(api, WRITER)
        persian, german = (
            person.client.get("/admin/", headers={"accept-language": tag}).text
            for tag in ("fa-IR", "de-AT")
        )
    assert '<html lang="fa" dir="rtl">' in persian
    assert "نمای کلی" in persian
    assert "Domains" in persian
    assert ">Lage<" in german
    assert "Anbieter" in german


def test_bad_file(tmp_path: Path) -> None:
    """A mistake in a file is an error with the option, the file, the line and the rule."""
    assert read_admin_languages(tmp_path).tags == AdminLanguages().tags
    _write(tmp_path, "sv.po", "{count} domains", "domäner")
    with pytest.raises(SettingsError) as raised:
        read_admin_languages(tmp_path)
    (problem,) = raised.value.problems
    rule = "{count} domains: must have the same names in braces as '{count} domains'"
    assert problem == f"languages_dir: {tmp_path}/admin/sv.po: line 1: {rule}"
