"""The setup page is shown in the user's language."""

import asyncio
import re
from pathlib import Path

import pytest
from lxml import html

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import LANGUAGES, elements, form_to, texts
from waypost.providers_file.load import read_providers
from waypost.web.public.page.languages import (
    DEFAULT,
    Languages,
    read_languages,
)

OTHERS = [tag for tag in LANGUAGES.tags if tag != DEFAULT]
# Words and names that are the same in these languages.
SAME = {
    *(("port", tag) for tag in ("de", "fr", "pl")),
    *(("server", tag) for tag in ("de", "nl", "it")),
    *(("url", tag) for tag in OTHERS if tag != "ar"),
}


def test_which_there_are() -> None:
    """English is first, and each language is named after a tag of RFC 5646."""
    assert LANGUAGES.tags[0] == DEFAULT
    assert {*LANGUAGES.tags} >= {"en", "ar", "de", "es", "fr", "it", "ja", "nl", "pl", "pt"}
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) for tag in LANGUAGES.tags)


@pytest.mark.parametrize("tag", OTHERS)
def test_each_text_is_translated(tag: str) -> None:
    """A language has all texts, with the same names to be filled in, and none in English."""
    english, own = texts(DEFAULT), texts(tag)

    assert list(own) == list(english)
    for place, text in own.items():
        assert sorted(re.findall(r"\{.*?\}", text)) == re.findall(r"\{.*?\}", english[place]), place
        assert text == text.strip() != "", place
    assert {(place, tag) for place, text in own.items() if text == english[place]} <= SAME


PO = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgctxt "title"
msgid "Set up your mail"
msgstr "Ställ in din e-post"
"""


def own(folder: Path, **files: str) -> Languages:
    """Read an operator's files, by name without `.po`, `_` for `-` in the name."""
    for name, text in files.items():
        (folder / f"{name}.po").write_text(text, encoding="utf-8")
    return asyncio.run(read_languages(folder).load())


def test_own_files(tmp_path: Path) -> None:
    """An operator's file adds a language, or replaces texts of Waypost; others stay."""
    (tmp_path / "README").write_text("no language", encoding="utf-8")
    languages = own(tmp_path, sv=PO, de=PO, fr_CA=PO)

    assert {*languages.tags} == {*LANGUAGES.tags, "sv", "fr-CA"}
    swedish, german, canadian = (languages.language(tag).texts for tag in ("sv", "de", "fr-CA"))
    assert swedish["title"] == german["title"] == canadian["title"] == "Ställ in din e-post"
    assert swedish["help"] == texts("en")["help"]
    assert german["help"] == texts("de")["help"]
    assert canadian["help"] == texts("fr")["help"]
    assert languages.language("fr").texts == texts("fr")


def test_page_with_own_files(tmp_path: Path) -> None:
    """A browser that prefers an operator's language gets the page in it."""
    (tmp_path / "sv.po").write_text(PO, encoding="utf-8")
    client = Client(CATALOG, settings(languages_dir=tmp_path))
    answer = client.get("/", headers={"Accept-Language": "sv-FI"})
    client.close()

    assert answer.headers["content-language"] == "sv"
    assert "Ställ in din e-post" in answer.text


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_page(client: Client, tag: str) -> None:
    """The page is in the language of the browser, and declares it, in its error answers too."""
    for query in ("", "emailaddress=alice", "emailaddress=alice@example.com"):
        answer = client.get("/", query=query, headers={"Accept-Language": f"{tag}-XX, sv;q=0.5"})
        page = html.document_fromstring(answer.text)

        assert answer.headers["content-language"] == tag
        assert answer.headers["vary"] == "accept-language, user-agent"
        assert (page.get("lang"), page.get("dir")) == (tag, "rtl" if tag == "ar" else "ltr")
        assert page.findtext(".//h1") == texts(tag)["title"]
        current = elements(answer.text, "//footer//a[@aria-current]")
        assert [one.text for one in current] == [texts(tag)["name"]]


def test_choice(client: Client) -> None:
    """A language that is chosen on the page stays, with the address, for any browser language."""
    answer = client.get("/", query="device=mac&emailaddress=a%2Bb@example.com")
    links = {
        one.attrib["hreflang"]: one.attrib["href"]
        for one in elements(answer.text, "//footer//nav//a")
    }
    assert tuple(links) == LANGUAGES.tags

    french = client.get(links["fr"]).text
    assert html.document_fromstring(french).get("lang") == "fr"
    (again,) = elements(french, "//header//a")
    assert again.attrib["href"] == "/?lang=fr&device=mac"
    assert dict(form_to(client.get(again.attrib["href"]).text, "/").form_values()) == {
        "device": "mac",
        "lang": "fr",
        "emailaddress": "",
    }


@pytest.mark.parametrize("chosen", ["sv", "", "../en", "x" * 100, "%00"])
def test_unknown_choice(client: Client, chosen: str) -> None:
    """An unknown language is ignored."""
    answer = client.get("/", query=f"lang={chosen}", headers={"Accept-Language": "de"})

    assert (answer.status, answer.headers["content-language"]) == (200, "de")


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_problems(client: Client, tag: str) -> None:
    """An error is shown in the user's language, and the broken rule in English."""
    answers = [
        (client.get("/", query=f"lang={tag}&emailaddress={one}").text, kind)
        for one, kind in (("alice", "bad_address"), ("a@example.org", "not_served"))
    ]
    for text, kind in answers:
        (alert,) = elements(text, "//*[@role='alert']")
        assert (alert.text or "").strip() == texts(tag)[kind].format(domain="example.org")
    (rule,) = elements(answers[0][0], "//*[@role='alert']/span[@lang='en']")
    assert rule.text == "the address has no @"


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_moved(tag: str) -> None:
    """For a domain that has moved, the page shows the new place in any language."""
    moved = (
        '[[provider]]\nname = "A"\ndomains = ["old.example"]\nredirect_address = "new.example"\n'
    )
    client = Client(read_providers(moved, name="x", format="toml").catalog)
    answer = client.get("/", query=f"lang={tag}&emailaddress=a@old.example")
    client.close()

    assert answer.status == 404
    sentence = texts(tag)["moved"].format(domain="old.example", place="new.example")
    assert sentence in answer.text
