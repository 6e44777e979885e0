"""The setup page."""

import plistlib
import subprocess
import sys

import pytest
from lxml import html

from tests.web.asgi import Client
from tests.web.public.page import elements, profile_form
from waypost.providers_file.load import read_providers
from waypost.web.public.page.languages import texts
from waypost.web.public.page.qr import URL_MAX_CHARS, svg


def test_form(client: Client) -> None:
    """The page has a form for an address that works without a script."""
    answer = client.get("/")
    page = html.fromstring(answer.text)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert page.xpath("//form[@method='get']//input[@name='emailaddress']")
    assert not page.xpath("//script | //*[@src] | //link")


def test_links_return_configurations(client: Client) -> None:
    """The links for an address return its configurations."""
    text = client.get("/", query="emailaddress=a%2Bb@example.com").text
    links = [element.attrib["href"] for element in elements(text, "//main//a")]

    assert len(links) == 2
    assert {200} == {client.get(link).status for link in links}
    assert all(b"a+b@example.com" in client.get(link).body for link in links)


ESCAPED = "%22%3Cb%3E%22@example.com"
BY_HAND = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "smtp", host = "smtp.example.com", port = 587, login_name = "%EMAILLOCALPART%" },
  { type = "imap", host = "imap.example.com" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "xmpp", host = "xmpp.example.com" },
]
"""


def test_what_is_typed_by_hand() -> None:
    """For a program that finds nothing there are server, port, protection and user name."""
    client = Client(read_providers(BY_HAND, name="x", format="toml").catalog)
    text = client.get("/", query='emailaddress="<b>"@example.com').text
    client.close()
    services = {
        str(one.getprevious().text): {
            str(row.findtext("dt")): str(row.findtext("dd")) for row in one.iter("div")
        }
        for one in elements(text, "//dl")
        if isinstance(one.getprevious(), html.HtmlElement)
    }

    assert services == {
        "Receive mail (IMAP)": {
            "Server": "imap.example.com",
            "Port": "993",
            "Protection": "SSL/TLS",
            "User name": '"<b>"@example.com',
        },
        "Send mail (SMTP)": {
            "Server": "smtp.example.com",
            "Port": "587",
            "Protection": "STARTTLS",
            "User name": '"<b>"',
        },
        "Calendar (CalDAV)": {
            "URL": f"https://dav.example.com/{ESCAPED}/",
            "User name": '"<b>"@example.com',
        },
    }


def filled_in(client: Client, **typed: str) -> dict[str, object]:
    """Fill in the form for a profile and send it, as a browser does; return the mail account."""
    form = profile_form(client.get("/", query="emailaddress=a%2Bb@example.com").text)
    assert form.method == "GET"
    for name, text in typed.items():
        form.fields[name] = text
    # Lines of a text field are sent with CR and LF (HTML, "Constructing the entry list").
    fields = [(name, value.replace("\n", "\r\n")) for name, value in form.form_values()]
    answer = client.get("/mobileconfig", query=dict(fields))
    assert answer.status == 200
    mail: dict[str, object] = plistlib.loads(answer.body)["PayloadContent"][0]
    return mail


def test_form_for_a_profile(client: Client) -> None:
    """Name and other addresses can be typed into the page, and both are optional."""
    empty = filled_in(client)
    full = filled_in(client, name="Älice", alias="c@example.com\nd@e.test\n")

    assert (empty["EmailAddress"], "EmailAccountName" in empty) == ("a+b@example.com", False)
    assert full["EmailAddress"] == "a+b@example.com, c@example.com, d@e.test"
    assert full["EmailAccountName"] == "Älice"


@pytest.mark.parametrize("query", ["", "emailaddress=alice", "emailaddress=alice@example.com"])
def test_everything_has_a_label(client: Client, query: str) -> None:
    """Every field has a label, for users with a screen reader."""
    page = html.document_fromstring(client.get("/", query=query).text)
    typed = page.iter("input", "textarea", "select")
    shown = [one.attrib["id"] for one in typed if one.get("type") != "hidden"]
    ids = [one.attrib["id"] for one in page.iter() if "id" in one.attrib]

    assert [one.attrib["for"] for one in page.iter("label")] == shown
    assert len(set(ids)) == len(ids)
    assert page.get("lang") == "en"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("emailaddress=alice", 400, "no @"),
        ("emailaddress=alice@example.org", 404, "example.org is not served here"),
        ("emailaddress=%FF", 400, "not UTF-8"),
    ],
)
def test_problem(client: Client, query: str, status: int, message: str) -> None:
    """An error is shown on the page, with the form still there."""
    answer = client.get("/", query=query)

    assert status == answer.status
    assert message in answer.text
    assert "<form" in answer.text


def test_markup_is_escaped(client: Client) -> None:
    """A typed text never becomes markup."""
    query = {"emailaddress": '"><script>alert(1)</script>@example.com'}
    answer = client.get("/", query=query)

    assert "<script>" not in answer.text


def test_qr_code_is_the_url_of_the_profile(behind_one_url: Client, client: Client) -> None:
    """A code for phones is drawn only if the configuration has the public URL."""
    query = "emailaddress=a%2Bb@example.com"
    answer = behind_one_url.get("/", query=query, host="evil.example")
    (image,) = elements(answer.text, "//main//*[@role='img']")

    assert "a+b@example.com" in image.attrib["aria-label"]
    assert [one.tag for one in image] == ["svg"]
    drawn = svg("https://setup.hoster.example:8443/mobileconfig?emailaddress=a%2Bb%40example.com")
    assert drawn is not None
    assert drawn in answer.text
    assert not elements(behind_one_url.get("/").text, "//svg")
    without = client.get("/", query=query, headers={"X-Forwarded-Host": "evil.example"}).text
    assert not elements(without, "//svg")
    assert texts("en")["code_how"] not in without


def test_long_url_has_no_code() -> None:
    """A code that no phone can read is not drawn."""
    assert svg("https://a.example/?" + "a" * (URL_MAX_CHARS - 19)) is not None
    assert svg("https://a.example/?" + "a" * (URL_MAX_CHARS - 18)) is None


def test_page_brings_what_it_needs(behind_one_url: Client) -> None:
    """The page loads no picture, script or style from other servers, and runs no code."""
    answer = behind_one_url.get("/", query="emailaddress=a@example.com")
    policy = answer.headers["content-security-policy"]

    assert not elements(answer.text, "//script | //link | //@src/.. | //image | //use | //iframe")
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; ")


@pytest.mark.slow
def test_library_for_codes_comes_late() -> None:
    """A worker does not load the library for codes before the page is requested."""
    code = "import sys, waypost.web.public.app; sys.exit('segno' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
