"""Checks of answers for ActiveSync and of `autodiscover.json`."""

import pytest

from tests.golden.cases import HERE as GOLDEN
from waypost.diagnostics.document_checks.activesync import activesync_findings, json_findings

GOOD = (GOLDEN / "activesync" / "activesync.xml").read_text("utf-8")
POX = (GOLDEN / "at-home" / "autodiscover.xml").read_text("utf-8")
REFUSED = """\
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response><Error Time="0" Id="1"><ErrorCode>601</ErrorCode></Error></Response>
</Autodiscover>
"""


@pytest.mark.parametrize("body", [GOOD, REFUSED])
def test_good(body: str) -> None:
    """An answer with a server, or with Microsoft's error, has no finding."""
    assert activesync_findings(body.encode()) == []


BAD = [
    # old, new, what is found
    ("<Autodiscover", "<Auto", "not well-formed"),
    ("autodiscover/responseschema/2006", "x", "Microsoft's namespace"),
    ("mobilesync/responseschema/2006", "mobilesync/responseschema/2007", "mobile devices"),
    ("<Culture>en:us</Culture>", "", "there is no Culture"),
    ("EMailAddress>", "Email>", "there is no EMailAddress in User"),
    ("Action>", "Actions>", "there are 0 Action elements"),
    ("Settings>", "Setting>", "Action contains 0 of Settings, Redirect, Error instead of one"),
    ("Server>", "Host>", "there is no Server in Settings"),
    (">MobileSync<", ">IMAP<", "Type 'IMAP' is not one of CertEnroll, MobileSync"),
    ("<Url>https:", "<Url>http:", "the Url of MobileSync is not https"),
    ("<Name>", "<Named>x</Named><Name/><Name>", "has no Name"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_bad(old: str, new: str, message: str) -> None:
    """Each thing that MS-ASCMD does not allow is reported."""
    assert old in GOOD
    found = activesync_findings(GOOD.replace(old, new).encode())
    assert any(message in line for line in found), found


def test_mail_settings() -> None:
    """Mail settings are no answer for ActiveSync."""
    assert activesync_findings(POX.encode()) == [
        "there are mail settings in an answer for ActiveSync"
    ]


JSON = "application/json"
URL = b'{"Protocol":"AutodiscoverV1","Url":"https://a.example/autodiscover/autodiscover.xml"}'
ERROR = b'{"ErrorCode":"InvalidProtocol","ErrorMessage":"none"}'
ANSWERS = [
    # status, Content-Type, body, what is found
    (200, JSON, URL, ""),
    (200, f"{JSON}; charset=utf-8", URL, ""),
    (404, "text/html", b"", ""),
    (400, JSON, ERROR, ""),
    (200, "text/html", URL, "not as application/json"),
    (200, JSON, b"<a/>", "status 200 without JSON"),
    (200, JSON, b"[]", "no object"),
    (200, JSON, b"{}", "Protocol is no text"),
    (200, JSON, URL.replace(b"https", b"http"), "is not https"),
    (200, JSON, URL.replace(b"AutodiscoverV1", b"Ews"), "not the one that was asked for"),
    (400, JSON, b"{}", "ErrorCode is no text"),
    (400, JSON, b"", "status 400 without JSON"),
    (500, JSON, ERROR, "neither a success nor"),
    (302, JSON, b"", "neither a success nor"),
]


@pytest.mark.parametrize(("status", "kind", "body", "message"), ANSWERS)
def test_json(status: int, kind: str, body: bytes, message: str) -> None:
    """The JSON contains a URL, or an error in the form of Exchange."""
    found = json_findings("Autodiscoverv1", status, kind, body)
    assert message in "; ".join(found)
    assert bool(found) == bool(message)
