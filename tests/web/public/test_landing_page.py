"""The setup page."""

import plistlib
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import html

from tests.web.asgi import Client, settings
from tests.web.public.page import LANGUAGES, elements, profile_form, texts
from waypost.providers_file.load import read_providers
from waypost.providers_file.models.page import TEXT_MAX_CHARS
from waypost.web.public.page.devices import Device
from waypost.web.public.page.qr import URL_MAX_CHARS, svg


def test_form(client: Client) -> None:
    """The page has a form for an address that works without a script."""
    answer = client.get("/")
    page = html.fromstring(answer.text)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert page.xpath("//form[@method='get']//input[@name='emailaddress']")
    assert not page.xpath("//script[@src] | //style/@src | //link[@rel!='icon']")


def test_links_return_configurations(client: Client) -> None:
    """The links for an address return its configurations: the profile first, XML last."""
    text = client.get("/", query="emailaddress=a%2Bb@example.com&device=iphone").text
    links = [element.attrib["href"] for element in elements(text, "//a[not(@hreflang)]")]
    own = [link for link in links if link.startswith("/m")]

    assert [link.partition("?")[0] for link in own] == [
        *("/mobileconfig", "/mobileconfig", "/mail/config-v1.1.xml"),
    ]
    assert {200} == {client.get(link).status for link in own}
    assert all(b"a+b@example.com" in client.get(link).body for link in own)


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
    """For a program that finds nothing there are server, port, encryption and user name."""
    client = Client(read_providers(BY_HAND, name="x", format="toml").catalog)
    text = client.get("/", query='emailaddress="<b>"@example.com').text
    client.close()
    services = {
        one.getprevious().text_content(): {
            str(row.findtext("dt")): str(row.findtext("dd/span")) for row in one.iter("div")
        }
        for one in elements(text, "//dl")
        if isinstance(one.getprevious(), html.HtmlElement)
    }

    assert services == {
        "Incoming mail IMAP": {
            "Server": "imap.example.com",
            "Port": "993",
            "Encryption": "SSL/TLS",
            "User name": '"<b>"@example.com',
        },
        "Outgoing mail SMTP": {
            "Server": "smtp.example.com",
            "Port": "587",
            "Encryption": "STARTTLS",
            "User name": '"<b>"',
        },
        "Calendar CalDAV": {
            "URL": f"https://dav.example.com/{ESCAPED}/",
            "User name": '"<b>"@example.com',
        },
    }


def test_user_name_is_first(client: Client) -> None:
    """If all services have the same user name, it is shown once, before the servers."""
    text = client.get("/", query="emailaddress=alice@example.com").text
    names = [one.text for one in elements(text, "//section[@id='by-hand']//dt")]

    assert names[0] == "User name"
    assert names.count("User name") == 1


def test_each_value_can_be_copied(client: Client) -> None:
    """Each value to type in has a button, which is hidden in a browser without scripts."""
    text = client.get("/", query="emailaddress=alice@example.com").text
    for value in elements(text, "//dd"):
        shown, *buttons = value
        if shown.text in {"SSL/TLS", "STARTTLS"}:
            assert not buttons
            continue
        (button,) = buttons
        assert (button.get("data-copy"), button.get("type")) == (shown.text, "button")
        assert "hidden" in button.attrib


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

    assert "<script>alert" not in answer.text
    assert len(elements(answer.text, "//script")) == 1


def code_names(text: str) -> list[str]:
    """Return the names of the codes that a page shows."""
    return [one.attrib["aria-label"] for one in elements(text, "//main//*[@role='img']")]


PROFILE_CODE = texts("en")["code_apple"].format(address="a+b@example.com")
THUNDERBIRD_CODE = texts("en")["code_android"].format(address="a+b@example.com")


def test_codes_for_phones(behind_one_url: Client, client: Client) -> None:
    """The code of the profile is drawn only if the configuration has the public URL."""
    query = "emailaddress=a%2Bb@example.com"
    answer = behind_one_url.get("/", query=query, host="evil.example")

    assert code_names(answer.text) == [PROFILE_CODE, THUNDERBIRD_CODE]
    drawn = svg("https://setup.hoster.example:8443/mobileconfig?emailaddress=a%2Bb%40example.com")
    assert drawn is not None
    assert drawn in answer.text
    assert not code_names(behind_one_url.get("/").text)
    without = client.get("/", query=query, headers={"X-Forwarded-Host": "evil.example"}).text
    assert code_names(without) == [THUNDERBIRD_CODE]
    assert texts("en")["phone_apple"] not in without


@pytest.mark.parametrize("device", ["iphone", "android"])
def test_no_code_on_a_phone(behind_one_url: Client, device: str) -> None:
    """A phone cannot read a code from its own screen, so the page shows it none."""
    page = behind_one_url.get("/", query=f"emailaddress=a%2Bb@example.com&device={device}").text
    assert not code_names(page)
    assert texts("en")["phone"] not in page


def test_long_url_has_no_code() -> None:
    """A code that no phone can read is not drawn."""
    assert svg("https://a.example/?" + "a" * (URL_MAX_CHARS - 19)) is not None
    assert svg("https://a.example/?" + "a" * (URL_MAX_CHARS - 18)) is None


def test_page_brings_what_it_needs(behind_one_url: Client) -> None:
    """The page loads nothing, and its policy permits only its own style and its own script."""
    answer = behind_one_url.get("/", query="emailaddress=a@example.com")
    sources = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    for name, tag in (("script-src", "script"), ("style-src", "style")):
        (element,) = elements(answer.text, f"//{tag}")
        digest = b64encode(sha256(str(element.text).encode()).digest()).decode()
        assert sources[name] == f"'sha256-{digest}'"

    assert sources["default-src"] == "'none'"
    assert sources["img-src"] == "data:"
    assert not elements(answer.text, "//@src/.. | //image | //use | //iframe | //@style/..")
    assert [one.attrib["href"][:19] for one in elements(answer.text, "//link")] == [
        "data:image/svg+xml,"
    ]


FULL = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "imap", host = "imap.example.com", port = 143 },
  { type = "pop3", host = "pop.example.com" },
  { type = "smtp", host = "smtp.example.com" },
  { type = "smtp", host = "smtp.example.com", port = 587 },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "carddav", url = "https://dav.example.com/contacts/%EMAILADDRESS%/" },
  { type = "activesync", url = "https://sync.example.com/Microsoft-Server-ActiveSync" },
]
webmail = "https://webmail.example.com/"
enable = [{ url = "https://www.example.com/imap", descriptions = { en = "Switch IMAP on" } }]
documentation = [{ url = "https://www.example.com/mail" }]
contacts = ["mailto:help@example.com", "tel:+49-30-123456", "https://www.example.com/help"]
[provider.page]
color = "#ffd400"
welcome = { "" = "LONGEST" }
help = { "" = "LONGEST" }
"""


def test_size() -> None:
    """A page with all of its parts is shorter than 40 KB without the logo, in any language."""
    file = FULL.replace("LONGEST", "w" * TEXT_MAX_CHARS)
    chosen = settings(
        public_url="https://setup.example.com",
        permit_cleartext_passwords="I_understand_the_risks",
    )
    client = Client(read_providers(file, name="x", format="toml").catalog, chosen)
    query = {"emailaddress": "alice.with.quite.a.long.name@example.com"}
    for tag in LANGUAGES.tags:
        for device in Device:
            page = client.get("/", query=query | {"lang": tag, "device": device})
            assert 'type="password"' in page.text
            assert len(code_names(page.text)) == (0 if device.is_phone else 2)
            assert len(page.body) < 40_000, (tag, device)
    client.close()


@pytest.mark.slow
def test_libraries_of_the_page_come_late() -> None:
    """A worker does not load the libraries of the page before the page is requested."""
    code = "import sys, waypost.web.public.app; sys.exit(bool({'segno', 'polib'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


USERS = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
directory = "people"
show_display_name = true
[[directory]]
name = "people"
kind = "file"
path = "people.csv"
"""


def test_unknown_user(tmp_path: Path) -> None:
    """The page of a user is the page of an unknown user, except for the address."""
    (tmp_path / "people.csv").write_text("address,login,display_name\nalice@example.com,,Alice\n")
    catalog = read_providers(USERS, name="x", format="toml", folder=tmp_path).catalog
    client = Client(catalog)
    alice, carol = (
        client.get("/", query=f"emailaddress={name}@example.com&device=iphone")
        for name in ("alice", "carol")
    )
    profile = client.get("/mobileconfig", query="emailaddress=alice@example.com").text
    client.close()

    assert "Alice" in profile  # which shows that the directory is read
    assert alice.status == carol.status == 200
    assert "Alice" not in alice.text
    assert alice.text.replace("alice", "carol") == carol.text
    assert alice.headers == carol.headers
