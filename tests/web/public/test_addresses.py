"""One address, however it is spelled, in every format that takes one."""

import plistlib
from collections.abc import Callable

import pytest

from tests.web.asgi import Answer, Client
from tests.web.public.test_autodiscover import question

Ask = Callable[[Client, str], Answer]


def autoconfig(client: Client, address: str) -> Answer:
    return client.get("/mail/config-v1.1.xml", query={"emailaddress": address})


def autodiscover(client: Client, address: str) -> Answer:
    escaped = address.replace("&", "&amp;").replace("<", "&lt;")
    return client.post("/autodiscover/autodiscover.xml", question(escaped))


def autodiscover_json(client: Client, address: str) -> Answer:
    path = f"/autodiscover/autodiscover.json/v1.0/{address}"
    return client.get(path, query="Protocol=AutodiscoverV1")


def mobileconfig(client: Client, address: str) -> Answer:
    return client.get("/mobileconfig", query={"emailaddress": address})


FORMATS = [autoconfig, autodiscover, autodiscover_json, mobileconfig]
SPELLINGS = [
    # in U-labels, composed and not, in capitals, with the dots of other scripts, with a last dot
    "alice@bücher.example",
    "alice@bu\u0308cher.example",
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
    answer, known = ask(client, spelling), ask(client, "alice@xn--bcher-kva.example")

    assert answer.status == 200
    assert (answer.status, answer.body) == (known.status, known.body)
    assert "bücher" not in answer.text
    assert "xn--bcher-kva.example" in answer.text


LOCAL_PARTS = [
    # kept to the letter: case, tag, letters of any script, what is markup elsewhere, a second @
    "Alice.B",
    "alice+tag",
    "ältere.Frau😀",
    "δοκιμή",
    "用户",
    "e\u0301",
    "<b>&'x",
    "a@b",
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
    """A local part comes back in every login name to the letter."""
    address = f"{local_part}@example.com"
    profile = plistlib.loads(mobileconfig(client, address).body)
    (mail,) = profile["PayloadContent"]

    assert autoconfig(client, address).value("username") == address
    assert autodiscover(client, address).value("LoginName") == address
    assert mail["IncomingMailServerUsername"] == mail["OutgoingMailServerUsername"] == address
    assert mail["EmailAddress"] == address


BAD = [
    # no address: what is said
    ("alice", "no @"),
    ("@example.com", "is empty"),
    ("alice@", "is empty"),
    ("alice@a..b", "empty label"),
    ("alice@a_b.example", "letters, digits and inner hyphens"),
    ("alice@192.0.2.1", "IP address"),
    ("al\x07ice@example.com", "control character"),
    ('al"ice@example.com', "quotation mark"),
    (f"{'a' * 250}@example.com", "longer than 254"),
    (f"alice@{'a' * 64}.example", "longer than 63"),
]


@pytest.mark.rule("addresses-refused")
@pytest.mark.parametrize(("address", "said"), BAD)
def test_no_address(client: Client, address: str, said: str) -> None:
    """What is no address is refused with its rule where a person may read it, and nothing else."""
    for ask in (autoconfig, mobileconfig):
        answer = ask(client, address)
        assert (answer.status, said in answer.text) == (400, True)
    assert autodiscover(client, address.replace("\x07", " x")).value("ErrorCode") == "600"
