"""The setup page in the brand of a provider."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.making import PROVIDER, domain
from tests.web.asgi import Client
from tests.web.public.page import elements, texts
from waypost.core.model import Catalog, Documentation, Webmail
from waypost.core.model.page import LocalTexts
from waypost.providers_file.load import read_providers
from waypost.web.public.page.brand import local_text

LOGO = "data:image/gif;base64,R0lGODlh"
PROVIDERS = f"""\
[[provider]]
name = "Good & <Fast>"
domains = ["good.example"]
services = [
  {{ type = "imap", host = "imap.good.example" }},
  {{ type = "smtp", host = "smtp.good.example" }},
]
contacts = ["mailto:help@good.example", "tel:+49-30-1", "https://www.good.example/help/"]
webmail = "https://webmail.good.example/%EMAILADDRESS%"
documentation = [
  {{ url = "https://www.good.example/mail", descriptions = {{ de = "Anleitung", en = "Guide" }} }},
  {{ url = "https://www.good.example/%EMAILLOCALPART%" }},
]
enable = [{{ url = "https://www.good.example/imap", descriptions = {{ "" = "Switch IMAP on" }} }}]
[provider.page]
color = "#ffd400"
logo = "{LOGO}"
welcome = {{ "" = "Welcome <b>", de = "Willkommen" }}
help = {{ fr = "Bonjour" }}
[[provider]]
name = "Other"
domains = ["other.example", {{ name = "moved.example", redirect_address = "other.example" }}]
services = [
  {{ type = "imap", host = "imap.other.example" }},
  {{ type = "smtp", host = "smtp.other.example" }},
]
"""


@pytest.fixture(name="branded", scope="module")
def _branded() -> Iterator[Client]:
    client = Client(read_providers(PROVIDERS, name="x", format="toml").catalog)
    yield client
    client.close()


def test_all_of_the_provider(branded: Client) -> None:
    """The page shows name, picture, color, texts, contacts, instructions and web mail."""
    text = branded.get("/", query="emailaddress=a@good.example").text
    links = {one.attrib["href"]: one.text_content() for one in elements(text, "//main//a")}
    enabled = elements(text, "//section[contains(@class, 'notice')]//a")

    assert [one.text for one in elements(text, "//header//bdi")][:1] == ["Good & <Fast>"]
    assert [one.attrib["src"] for one in elements(text, "//img")] == [LOGO]
    assert "--button:#ffd400;--on-button:#000000" in text
    assert [one.text for one in elements(text, "//p[@class='welcome']")] == ["Welcome <b>"]
    assert elements(text, "//section[@id='help']//p")[0].attrib["lang"] == "fr"
    assert [one.text for one in enabled] == ["Switch IMAP on"]
    assert (
        links.items()
        >= {
            "mailto:help@good.example": "help@good.example",
            "tel:+49-30-1": "+49-30-1",
            "https://www.good.example/help/": "www.good.example/help",
            "https://webmail.good.example/a@good.example": texts("en")["web_mail"],
            "https://www.good.example/mail": "Guide",
            "https://www.good.example/a": texts("en")["instructions"],
        }.items()
    )


HOSTS = [
    ("autoconfig.good.example", "Good & <Fast>", "the host of Autoconfig"),
    ("good.example:8443", "Good & <Fast>", "the domain itself"),
    ("setup.good.example", "Good & <Fast>", "a name below the domain"),
    ("a.b.good.example", None, "a name further below"),
    ("other.example", "Other", "another provider"),
    ("moved.example", None, "a domain whose mail is elsewhere"),
    ("else.example", None, "a domain that is not served"),
    ("127.0.0.1", None, "an address"),
    ("example", None, "a single label"),
]


@pytest.mark.parametrize(("host", "name", "what"), HOSTS)
def test_host_name(branded: Client, host: str, name: str | None, what: str) -> None:
    """Without an address, the page has the brand of the domain in its host name."""
    for query in ("", "emailaddress=alice", "emailaddress=a@unknown.example"):
        text = branded.get("/", query=query, host=host).text
        shown = [one.text for one in elements(text, "//header//bdi")]
        assert shown == ([] if name is None else [name]), what


def test_no_link_with_a_placeholder(branded: Client) -> None:
    """A page that names no user has no link that needs one."""
    text = branded.get("/", host="good.example").text
    links = [one.attrib["href"] for one in elements(text, "//main//a")]

    assert "https://www.good.example/mail" in links
    assert not [link for link in links if "%" in link]


def test_other_schemes() -> None:
    """A URL of a database that is no page, address or number is not a link (RFC 3986 s3.1)."""
    bad = "javascript:alert(1)"
    pages = (Documentation(bad, ((None, "x"),)),)
    provider = replace(
        PROVIDER, contacts=(bad, "data:text/html,x"), webmail=Webmail(bad), documentation=pages
    )
    entry = replace(domain("example.com"), provider=replace(provider, enable=pages))
    client = Client(Catalog((entry,)))
    for query in ("", "emailaddress=a@example.com"):
        text = client.get("/", query=query, host="example.com").text
        assert provider.name in text
        assert bad not in text
        assert not elements(text, "//section[@id='help']")
    client.close()


def test_brand_of_the_address(branded: Client) -> None:
    """With an address, the page has the brand of its provider, and names no other."""
    text = branded.get("/", query="emailaddress=a@other.example", host="good.example").text
    assert "Good" not in text
    assert not elements(text, "//section[@id='help']")


TEXTS: LocalTexts = ((None, "all"), ("de", "German"), ("pt-BR", "Brazilian"))
LOCAL = [
    (TEXTS, "de", "German", "de"),
    (TEXTS, "de-AT", "German", "de"),
    (TEXTS, "pt", "all", None),
    (TEXTS, "en", "all", None),
    ((("de", "a"), ("en", "b")), "fr", "b", "en"),
    ((("de", "a"), ("it", "b")), "fr", "a", "de"),
]


@pytest.mark.parametrize(("given", "tag", "text", "language"), LOCAL)
def test_language_of_a_text(given: LocalTexts, tag: str, text: str, language: str | None) -> None:
    """A text is in the language of the page, or else the one for all others, or any."""
    found = local_text(given, tag)
    assert found is not None
    assert (found.text, found.language) == (text, language)
    assert local_text((), tag) is None
