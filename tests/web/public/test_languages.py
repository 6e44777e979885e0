"""The setup page is shown in the user's language."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from tests.web.asgi import Client
from tests.web.public.page import elements, form_to
from waypost.providers_file.load import read_providers
from waypost.web.public.page.landing_page import BY_HAND
from waypost.web.public.page.languages import (
    DEFAULT,
    available_tags,
    matching_tag,
    preferred_tag,
    texts,
)

OTHERS = [tag for tag in available_tags() if tag != DEFAULT]
TAGS = ("en", "de", "fr", "pt-BR")
# Words and names that are the same in these languages.
SAME = {
    *(("fields.port", tag) for tag in ("de", "fr")),
    ("fields.protection", "fr"),
    *(("fields.server", tag) for tag in ("de", "nl", "it")),
    *(("fields.url", tag) for tag in OTHERS),
    *(("services.activesync", tag) for tag in OTHERS),
    *((f"devices.{number}.name", tag) for tag in OTHERS for number in (1, 2, 4)),
}


def flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its place."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        assert isinstance(value, str)
        yield place, value
        return
    for key, inner in pairs:
        yield from flat(inner, f"{place}.{key}".removeprefix("."))


def test_which_there_are() -> None:
    """English is first, and each language is named after a tag of RFC 5646."""
    assert available_tags()[0] == DEFAULT
    assert set(available_tags()) >= {"en", "de", "fr", "es", "nl", "it"}
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) for tag in available_tags())


@pytest.mark.parametrize("tag", OTHERS)
def test_each_text_is_there(tag: str) -> None:
    """A language has the same texts as English, with the same names to be filled in."""
    english, own = dict(flat(texts(DEFAULT))), dict(flat(texts(tag)))

    assert sorted(own) == sorted(english)
    for place, text in own.items():
        assert re.findall(r"\{.*?\}", text) == re.findall(r"\{.*?\}", english[place]), place
        assert text == text.strip() != "", place


@pytest.mark.parametrize("tag", OTHERS)
def test_each_text_is_translated(tag: str) -> None:
    """No text is still in English, except names and words that are the same."""
    english, own = dict(flat(texts(DEFAULT))), dict(flat(texts(tag)))
    same = {(place, tag) for place, text in own.items() if text == english[place]}

    assert same <= SAME


def test_each_service_has_a_name() -> None:
    """Every service and field to enter by hand has a name."""
    assert set(texts(DEFAULT)["services"]) == {kind.value for kind in BY_HAND}


@pytest.mark.parametrize(
    ("header", "tag", "rule"),
    [
        ("", "en", "without the header anything is right"),
        ("de", "de", "the very language"),
        ("DE", "de", "RFC 5646 s2.1.1: any case"),
        ("de-AT", "de", "RFC 4647 s3.4: a wider one"),
        ("de-Latn-AT-1996", "de", "RFC 4647 s3.4: step by step"),
        ("pt-br", "pt-BR", "a language of a country"),
        ("pt", "en", "RFC 4647 s3.4: never a narrower one"),
        ("fr;q=0.5, de;q=0.9", "de", "RFC 9110 s12.4.2: the weight counts"),
        ("fr, de", "fr", "the order counts where weights are the same"),
        ("fr;q=0.8,de ; q=0.8", "fr", "the same, with blanks"),
        ("sv, de;q=0.1", "de", "what is not there is passed over"),
        ("*", "en", "RFC 9110 s12.5.4: any"),
        ("sv, *;q=0.5", "en", "any of the rest"),
        ("de;q=0.3, *;q=0.5", "en", "anything rather than German"),
        ("en;q=0, *", "de", "q=0 is no: the next one"),
        ("en;q=0, sv", "en", "if no language is left, a page rather than none"),
        ("de-AT, de;q=0", "en", "q=0 is no for a wider one as well"),
        ("fr;q=2, de;q=0.1", "de", "a weight is at most 1"),
        ("fr;q=0.1234, de;q=0.1", "de", "and has three digits"),
        ("fr;level=1, de", "de", "there is no other parameter"),
        ("äöü, ;;;, de", "de", "what makes no sense is passed over"),
        (",, de ,", "de", "RFC 9110 s5.6.1.2: empty elements are passed over"),
        (",".join(["sv"] * 50) + ",de", "en", "there is an end to it"),
    ],
)
def test_accepted(header: str, tag: str, rule: str) -> None:
    """The language that the user's browser prefers is used."""
    assert preferred_tag(header, TAGS) == tag, rule


@given(st.text())
def test_any_header(header: str) -> None:
    """Any header selects a language that exists."""
    assert preferred_tag(header, TAGS) in TAGS
    assert matching_tag(header, TAGS) in {*TAGS, None}


@pytest.mark.parametrize("tag", available_tags())
def test_page(client: Client, tag: str) -> None:
    """The page is in the language of the browser, and declares it, in its error answers too."""
    for query in ("", "emailaddress=alice", "emailaddress=alice@example.com"):
        answer = client.get("/", query=query, headers={"Accept-Language": f"{tag}-XX, sv;q=0.5"})
        page = html.document_fromstring(answer.text)

        assert answer.headers["content-language"] == tag
        assert answer.headers["vary"] == "accept-language"
        assert page.get("lang") == tag
        assert page.findtext(".//h1") == texts(tag)["title"]
        current = elements(answer.text, "//nav//a[@aria-current]")
        assert [one.text for one in current] == [texts(tag)["name"]]


def test_choice(client: Client) -> None:
    """A language that is chosen on the page stays, with the address, for any browser language."""
    answer = client.get("/", query="emailaddress=a%2Bb@example.com")
    links = {
        one.attrib["hreflang"]: one.attrib["href"] for one in elements(answer.text, "//nav//a")
    }
    assert tuple(links) == available_tags()

    french = client.get(links["fr"]).text
    assert html.document_fromstring(french).get("lang") == "fr"
    assert dict(form_to(french, "/").form_values()) == {
        "lang": "fr",
        "emailaddress": "a+b@example.com",
    }


@pytest.mark.parametrize("chosen", ["sv", "", "../en", "x" * 100, "%00"])
def test_unknown_choice(client: Client, chosen: str) -> None:
    """An unknown language is ignored."""
    answer = client.get("/", query=f"lang={chosen}", headers={"Accept-Language": "de"})

    assert (answer.status, answer.headers["content-language"]) == (200, "de")


@pytest.mark.parametrize("tag", available_tags())
def test_problems(client: Client, tag: str) -> None:
    """An error is shown in the user's language, and the broken rule in English."""
    problems = texts(tag)["problems"]
    answers = [
        (client.get("/", query=f"lang={tag}&emailaddress={one}").text, kind)
        for one, kind in (("alice", "bad_address"), ("a@example.org", "not_served"))
    ]
    for text, kind in answers:
        (alert,) = elements(text, "//*[@role='alert']")
        assert (alert.text or "").strip() == problems[kind].format(domain="example.org")
    (rule,) = elements(answers[0][0], "//*[@role='alert']/span[@lang='en']")
    assert rule.text == "the address has no @"


@pytest.mark.parametrize("tag", available_tags())
def test_moved(tag: str) -> None:
    """For a domain that has moved, the page shows the new place in any language."""
    moved = (
        '[[provider]]\nname = "A"\ndomains = ["old.example"]\nredirect_address = "new.example"\n'
    )
    client = Client(read_providers(moved, name="x", format="toml").catalog)
    answer = client.get("/", query=f"lang={tag}&emailaddress=a@old.example")
    client.close()

    assert answer.status == 404
    sentence = texts(tag)["problems"]["moved"].format(domain="old.example", place="new.example")
    assert sentence in answer.text
