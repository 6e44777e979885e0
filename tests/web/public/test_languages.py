"""The setup page is shown in the user's language."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import LANGUAGES, elements, form_to, texts
from waypost.core.errors import SettingsError
from waypost.providers_file.load import read_providers
from waypost.web.public.page.catalog import text_direction
from waypost.web.public.page.languages import (
    DEFAULT,
    Languages,
    matching_tag,
    preferred_tag,
    read_languages,
)

OTHERS = [tag for tag in LANGUAGES.tags if tag != DEFAULT]
TAGS = ("en", "de", "fr", "pt-BR")
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


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        *((tag, "rtl" if tag == "ar" else "ltr") for tag in LANGUAGES.tags),
        *(("fa", "rtl"), ("he-IL", "rtl"), ("ckb", "rtl"), ("ar-Latn", "ltr"), ("pa-Arab", "rtl")),
        *(("pt-BR", "ltr"), ("xx", "ltr"), ("zh-Hant-TW", "ltr")),
    ],
)
def test_directions(tag: str, direction: str) -> None:
    """Arabic and others are written from right to left; a script in a tag decides (RFC 5646)."""
    assert text_direction(tag) == direction


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


def message(key: str, english: str, text: str, flag: str = "") -> str:
    head = PO.partition("\n\n")[0]
    return f'{head}\n\n{flag}msgctxt "{key}"\nmsgid "{english}"\nmsgstr "{text}"\n'


UNUSED = [
    # a file that has no effect, and why
    ("", "an empty file"),
    (message("title", "Set up your mail", ""), "a text that is not translated"),
    (message("title", "Set up your mail", "x", "#, fuzzy\n"), "a text that is marked as unsure"),
    (message("gone", "An old text", "x"), "a text that the page no longer has"),
    (message("moved", "It moved to {url}.", "{url}"), "an older text with other names"),
    ('msgid "Set up your mail"\nmsgstr "x"\n', "a text without a key"),
]


@pytest.mark.parametrize(("text", "why"), UNUSED)
def test_texts_without_effect(tmp_path: Path, text: str, why: str) -> None:
    """A file of another version of Waypost, or an unfinished one, is no error."""
    assert own(tmp_path, sv=text).language("sv").texts == texts("en"), why


MOVED = texts("en")["moved"]
BAD = [
    # a file, its problem
    (message("moved", MOVED, "{domain}"), "line 5: moved: must have the same names in braces"),
    (message("moved", MOVED, "{domain} {place} {"), "line 5: moved: must have the same names"),
    (message("moved", MOVED, "{domain!r} {place}"), "line 5: moved: must have the same names"),
    (message("title", "Set up your mail", "{}"), "line 5: title: must have the same names"),
    (message("title", "Set up your mail", r"a\nb"), "line 5: title: contains a line break"),
    (message("title", "Set up your mail", "x" * 2001), "line 5: title: is longer than 2000"),
    ("title = 'x'\n", "line 1: must be a comment, or a keyword"),
    (f'{PO}\nmsgid "a\n', "line 9: must be a comment, or a keyword"),
    (f'{PO}\nmsgstr "a"\nmsgid "b"\nmsgid "c"\n', "is not a gettext file (.po): "),
    ('msgctxt "title"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n', "line 1: texts of the page"),
    ("# x\n" * 100_000, "is longer than 262144 bytes"),
]


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_bad_files(tmp_path: Path, text: str, problem: str) -> None:
    """A mistake in a file is an error with the option, the file, the line and the rule."""
    with pytest.raises(SettingsError) as raised:
        own(tmp_path, sv=text)
    (found,) = raised.value.problems
    assert found.startswith(f"languages_dir: {tmp_path}/sv.po: {problem}"), found


def test_bad_names(tmp_path: Path) -> None:
    """Other problems of the folder are errors, all at once."""
    (tmp_path / "sv.toml").write_text("", encoding="utf-8")
    (tmp_path / "s.po").write_text(PO, encoding="utf-8")
    (tmp_path / "de.po").write_bytes(b'msgid "a"\n\xff')
    (tmp_path / "fr.po").mkdir()
    with pytest.raises(SettingsError) as raised:
        read_languages(tmp_path)
    problems = [one.removeprefix(f"languages_dir: {tmp_path}/") for one in raised.value.problems]

    assert problems == [
        "de.po: line 2: is not UTF-8",
        "fr.po: Is a directory",
        "s.po: must be named after a language (RFC 5646), such as pt-BR.po",
        "sv.toml: texts are gettext files (.po), not TOML",
    ]
    with pytest.raises(SettingsError, match="none: No such file or directory"):
        read_languages(tmp_path / "none")


@given(st.text(st.sampled_from('msgidctxtr_plural"\\n\n#~|,:; [0]={}x\ufeff\x00'), max_size=200))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any file is read or refused."""
    folder = tmp_path_factory.mktemp("any")
    with suppress(SettingsError):
        assert own(folder, sv=f"{PO}\n{text}").language("sv").texts["title"]


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
