"""One address, in all spellings, in every format that accepts one."""

import plistlib
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from tests.web.asgi import Answer, Client
from tests.web.public.test_autodiscover import question
from waypost.providers_file.load import read_providers

PROVIDERS = """\
[[provider]]
name = "Example Inc."
domains = ["DOMAIN"]
services = [
  { type = "imap", host = "imap.DOMAIN" },
  { type = "smtp", host = "smtp.DOMAIN" },
]
"""

Ask = Callable[[Client, str], Answer]


def autoconfig(client: Client, address: str) -> Answer:
    return client.get("/mail/config-v1.1.xml", query=f"emailaddress={quote(address)}")


def autodiscover(client: Client, address: str) -> Answer:
    escaped = address.replace("&", "&amp;").replace("<", "&lt;")
    return client.post("/autodiscover/autodiscover.xml", question(escaped))


def autodiscover_json(client: Client, address: str) -> Answer:
    path = f"/autodiscover/autodiscover.json/v1.0/{address}"
    return client.get(path, query="Protocol=AutodiscoverV1")


def mobileconfig(client: Client, address: str) -> Answer:
    return client.get("/mobileconfig", query=f"emailaddress={quote(address)}")


FORMATS = [autoconfig, autodiscover, autodiscover_json, mobileconfig]
SPELLINGS = [
    # in U-labels, composed and not, in capitals, with the dots of other scripts, with a last dot
    "alice@bücher.example",
    "alice@bu\u0308cher.example",  # codespell:ignore bu
    "alice@BÜCHER.Example",
    "alice@XN--BCHER-KVA.example",
    "alice@bücher。example",
    "alice@xn--bcher-kva.example.",
]


@pytest.mark.rule("addresses-u-labels", "addresses-domain-in-any-case", "addresses-a-labels-out")
@pytest.mark.parametrize("ask", FORMATS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_domain(client: Client, ask: Ask, spelling: str) -> None:
    """Each spelling of an internationalised domain gets the answer that its A-labels get."""
    answer, expected = ask(client, spelling), ask(client, "alice@xn--bcher-kva.example")

    assert answer.status == 200
    assert (answer.status, answer.body) == (expected.status, expected.body)
    # Autoconfig has the domain a second time, for clients that compare it with the typed one.
    assert "bücher" not in answer.text.replace("<domain>bücher.example</domain>", "")
    assert "xn--bcher-kva.example" in answer.text


COPIED = [
    # what users copy with an address: it makes no difference in any format
    " alice@example.com ",
    "\ufeffalice@example.com",
    "alice@example.com\u200b",
    "\u00a0alice@example.com\u00a0",
    "\u202aalice@example.com\u202c",
    "mailto:alice@example.com",
    "SMTP:alice@example.com",
    "smtp:alice@example.com",
    "\u200balice@example.com\r\n\u200b",
    "mailto:alice%40example.com",
]


@pytest.mark.rule("addresses-invisible", "addresses-scheme")
@pytest.mark.parametrize("ask", FORMATS)
@pytest.mark.parametrize("copied", COPIED)
def test_copied_address(client: Client, ask: Ask, copied: str) -> None:
    """What users copy together with an address makes no difference in any format."""
    answer, expected = ask(client, copied), ask(client, "alice@example.com")

    assert answer.status == 200
    assert answer.body == expected.body


OUTSIDE_IDNA = ("xn--i-7iq.ws", "xn--abc.example", "XN--ABC.Example")


@pytest.mark.rule("addresses-a-labels-as-they-are")
@pytest.mark.parametrize("ask", FORMATS)
@pytest.mark.parametrize("domain", OUTSIDE_IDNA)
def test_a_labels_outside_idna(ask: Ask, domain: str) -> None:
    """A domain whose A-label IDNA 2008 would not register is served like any other."""
    providers = PROVIDERS.replace("DOMAIN", domain)
    client = Client(read_providers(providers, name="x", format="toml").catalog)
    answer = ask(client, f"alice@{domain}")
    page = client.get("/", query={"emailaddress": f"alice@{domain}"})
    client.close()

    assert (answer.status, page.status) == (200, 200)
    assert domain.lower() in answer.text


PLUS = [
    # the query, the login name or the error
    ("emailaddress=alice+tag@example.com", "alice+tag@example.com"),
    ("emailaddress=alice%2Btag@example.com", "alice+tag@example.com"),
    ("emailaddress=+alice@example.com", "+alice@example.com"),
    ("emailaddress=a++b%2B@example.com", "a++b+@example.com"),
    ("emailaddress=%22a%20b%22@example.com", '"a b"@example.com'),
    # a space after it, as libraries encode one for a form
    ("emailaddress=alice@example.com+", "alice@example.com"),
    ("emailaddress=alice+tag%40example.com+&x=+", "alice+tag@example.com"),
    ("x=+&emailaddress=+alice%2Btag%40example.com", "+alice+tag@example.com"),
    ("emailaddress=alice+tag%2540example.com", "alice+tag@example.com"),
    ("emailaddress=alice@exam+ple.com", None),
    ("emailaddress=alice@example.com%2B", None),
    ("emailaddress=alice%20tag@example.com", None),
    ("emailaddress=alice%20@example.com", None),
    ("emailaddress=al%20ice+tag@example.com", None),
    ("emailaddress=alice%09tag@example.com", None),
]


@pytest.mark.rule("addresses-plus-repaired")
@pytest.mark.parametrize(("query", "login"), PLUS)
def test_plus_and_space(client: Client, query: str, login: str | None) -> None:
    """A raw plus in a client's query is a plus, and a typed space never becomes one."""
    found = client.get("/mail/config-v1.1.xml", query=query)
    profile = client.get("/mobileconfig", query=query)

    if login is None:
        assert (found.status, profile.status) == (400, 400)
        return
    (mail,) = plistlib.loads(profile.body)["PayloadContent"]
    assert found.value("username") == mail["IncomingMailServerUsername"] == login


@pytest.mark.rule("addresses-plus-repaired")
@pytest.mark.parametrize("query", [query for query, login in PLUS if login and "+" not in query])
def test_encoded_in_the_form(client: Client, query: str) -> None:
    """The form of the page sends an encoded plus, and gets the page of that address."""
    assert client.get("/", query=query).status == 200


@pytest.mark.rule("addresses-plus-repaired")
@pytest.mark.parametrize("typed", ["alice tag@example.com", "al ice@example.com"])
def test_space_typed_into_the_form(client: Client, typed: str) -> None:
    """A space that is typed into a form, where it is sent as a plus, is shown as an error."""
    query = urlencode({"emailaddress": typed})
    page = client.get("/", query=query)
    aliases = client.get(
        "/mobileconfig", query=f"emailaddress=a@example.com&{urlencode({'alias': typed})}"
    )

    assert "+" in query
    assert (page.status, aliases.status) == (400, 400)
    assert "space" in page.text
    assert "space" in aliases.text


LOCAL_PARTS = [
    # unchanged: case, tag, letters of any script, markup of other formats, a second @
    "Alice.B",
    "alice+tag",
    "ältere.Frau😀",
    "δοκιμή",
    "用户",
    "e\u0301",
    "&'x",
    '"<b>"',
    '"a@b"',
    '"a b"',
]


@pytest.mark.rule(
    "addresses-local-part-kept",
    "addresses-smtputf8",
    "addresses-last-at",
    "addresses-sub-address-kept",
    "addresses-escaped",
)
@pytest.mark.parametrize("local_part", LOCAL_PARTS)
def test_local_parts(client: Client, local_part: str) -> None:
    """A local part is unchanged in every login name."""
    address = f"{local_part}@example.com"
    profile = plistlib.loads(mobileconfig(client, address).body)
    (mail,) = profile["PayloadContent"]

    assert autoconfig(client, address).value("username") == address
    assert autodiscover(client, address).value("LoginName") == address
    assert mail["IncomingMailServerUsername"] == mail["OutgoingMailServerUsername"] == address
    assert mail["EmailAddress"] == address


BAD = [
    # no address: message
    ("alice", "no @"),
    ("@example.com", "is empty"),
    ("alice@", "is empty"),
    ("alice@a..b", "empty label"),
    ("alice@a_b.example", "letters, digits and inner hyphens"),
    ("alice@192.0.2.1", "IP address"),
    ("al\x07ice@example.com", "control character"),
    ('al"ice@example.com', "quotation mark"),
    ("al ice@example.com", "space"),
    ("alice @example.com", "space"),
    ("al\u200bice@example.com", "U+200B ZERO WIDTH SPACE"),
    ("al\u00a0ice@example.com", "U+00A0 NO-BREAK SPACE"),
    ("alice@exam\u200bple.com", "U+200B ZERO WIDTH SPACE"),
    ("a@b@example.com", "has @"),
    ("Alice <alice@example.com>", "space"),
    (f"{'a' * 250}@example.com", "longer than 254"),
    (f"alice@{'a' * 64}.example", "longer than 63"),
]


@pytest.mark.rule("addresses-refused")
@pytest.mark.parametrize(("address", "said"), BAD)
def test_no_address(client: Client, address: str, said: str) -> None:
    """An invalid address is refused with its rule if a user may read it, and with nothing else."""
    for ask in (autoconfig, mobileconfig):
        answer = ask(client, address)
        assert (answer.status, said in answer.text) == (400, True)
    assert autodiscover(client, address.replace("\x07", " x")).value("ErrorCode") == "600"
