"""What documents break by their own standards."""

import pytest

from tests.golden.cases import Case, cases
from waypost.check.structure import autoconfig_findings, autodiscover_findings

GOLDEN = {case.name: case for case in cases()}
# These hold what is warned of, because their operator wants it so.
ODD = {"unprotected", "protected-beside-unprotected", "pop3-preferred", "secure-passwords"}


def stored(case: Case, name: str) -> bytes:
    return (case.folder / name).read_bytes()


GOOD = stored(GOLDEN["at-home"], "autoconfig.xml")
GOOD_POX = stored(GOLDEN["imap-and-pop3"], "autodiscover.xml")
WITHOUT_TLS = "there is no TLS; Thunderbird for Android refuses the whole document"

BAD = [
    # old, new, what is found
    ("<clientConfig", "<config", "not well-formed XML"),
    ('id="example.com"', 'id="my provider"', "the id of emailProvider is no host name"),
    ("<domain>example.com</domain>", "", "there is no domain"),
    ("</domain>", "</domain><domain>b.example</domain>", "2 domains are named"),
    (' type="imap"', "", "incomingServer : there is no type"),
    ("<port>993</port>", "<port>0</port>", "incomingServer imap: port '0' is none"),
    (">imap.example.com<", ">imap example<", "hostname 'imap example' is none"),
    (">imap.example.com<", ">imap.example.com\n<", "white space around the value of hostname"),
    (">SSL<", ">ssl<", "socketType 'ssl' is not one of SSL, STARTTLS, plain"),
    (">SSL<", ">plain<", WITHOUT_TLS),
    (">password-cleartext<", ">plain<", "authentication plain is an old name"),
    (">password-cleartext<", ">OAuth<", "authentication 'OAuth' is not known"),
    ("<authentication>password-cleartext</authentication>", "", "there is no authentication"),
    ("incomingServer", "inServer", "there is no incomingServer"),
    (
        "</emailProvider>",
        '</emailProvider><calendar type="caldav"/>',
        "calendar caldav: there is no url",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), BAD)
def test_autoconfig(old: str, new: str, said: str) -> None:
    """Each thing that the draft does not allow is told."""
    document = GOOD.decode()
    assert old in document
    found = autoconfig_findings(document.replace(old, new).encode())
    assert any(said in line for line in found), found


BAD_POX = [
    # old, new, what is found
    ("autodiscover/responseschema/2006", "autodiscover/schema/2006", "Microsoft's namespace"),
    ("outlook/responseschema/2006a", "outlook/responseschema/2006", "Outlook's namespace"),
    ("<Type>IMAP</Type>", "<Type>POP3</Type>", "POP3 is there 2 times"),
    ("<SSL>on</SSL>", "<SSL>yes</SSL>", "IMAP: SSL 'yes' is neither on nor off"),
    ("<SPA>off</SPA>", "", "IMAP: SPA is not off"),
    ("<Port>993</Port>", "<Port/>", "IMAP: port '' is none"),
    ("<Encryption>SSL<", "<Encryption>TLS<", "IMAP: Encryption TLS does not fit port 993"),
    (
        "<SSL>on</SSL>\n        <Encryption>SSL",
        "<SSL>off</SSL>\n        <Encryption>TLS",
        "SSL is off",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), BAD_POX)
def test_autodiscover(old: str, new: str, said: str) -> None:
    """Each thing that Microsoft's pages do not allow is told."""
    document = GOOD_POX.decode()
    assert old in document
    found = autodiscover_findings(document.replace(old, new).encode())
    assert any(said in line for line in found), found


def test_order_of_protocols() -> None:
    """POP3 before IMAP is told, because clients take the first."""
    text = GOOD_POX.decode().replace("IMAP", "X").replace("POP3", "IMAP").replace(">X<", ">POP3<")
    assert "POP3 stands before IMAP, and clients take the first" in autodiscover_findings(
        text.encode()
    )


@pytest.mark.parametrize("case", [one for one in GOLDEN.values() if one.name not in ODD])
def test_waypost_keeps_them(case: Case) -> None:
    """In what Waypost writes nothing is found."""
    for name, findings in (
        ("autoconfig.xml", autoconfig_findings),
        ("autodiscover.xml", autodiscover_findings),
    ):
        if (case.folder / name).exists():
            assert findings(stored(case, name)) == []
