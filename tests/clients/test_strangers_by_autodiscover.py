"""What the records of Outlook and Apple Mail make of answers of other servers."""

import pytest

from tests.clients.strangers import (
    BY_KEY,
    GOOD_POX,
    GOOD_PROFILE,
    PROFILE,
    XML,
    changed,
    outcome_of,
)
from waypost.check.recorded.conversation import (
    NOBODY,
    Request,
    Response,
    User,
    converse,
)

POX = "/autodiscover/autodiscover.xml"
BAD_POX = [
    # document, what Outlook says to it
    (changed(b"outlook/responseschema/2006a", b"outlook/responseschema/2006", GOOD_POX), "Outlook"),
    (changed(b'autodiscover/responseschema/2006"', b'x/2006"', GOOD_POX), "namespace"),
    (changed(b">email<", b">mapi<", GOOD_POX), "type email"),
    (changed(b">settings<", b">nothing<", GOOD_POX), "Action is not settings"),
    (changed(b"<Type>SMTP", b"<Type>smtp", GOOD_POX), "none for sending"),
    (changed(b"<Port>993</Port>", b"<Port/>", GOOD_POX), "port"),
    (changed(b">settings<", b">redirectUrl<", GOOD_POX), "no https URL"),
    (changed(b">settings<", b">redirectAddr<", GOOD_POX), "no address"),
    (b"", "not well-formed"),
]


@pytest.mark.parametrize(("body", "said"), BAD_POX)
def test_what_outlook_refuses(body: bytes, said: str) -> None:
    """An Autodiscover answer that breaks Microsoft's schema leads Outlook to no account."""
    client = BY_KEY["outlook-for-windows"]
    heard = converse(
        client.asks(User.typing("alice@example.com")), lambda _: Response(200, XML, body=body)
    )
    assert heard.outcome.account is None
    assert said in "; ".join(heard.outcome.reasons)


BAD_PROFILES = [
    # Content-Type, profile, what Safari or the installer says to it
    ("text/xml", GOOD_PROFILE, "Safari does not install it"),
    (PROFILE, b"<plist/>", "property list|no profile"),
    (PROFILE, changed(b"<key>PayloadUUID</key>", b"<key>X</key>", GOOD_PROFILE), "PayloadUUID"),
    (PROFILE, changed(b"mail.managed", b"mail.other", GOOD_PROFILE), "no payload"),
    (PROFILE, changed(b"EmailTypeIMAP", b"IMAP", GOOD_PROFILE), "EmailAccountType"),
    (PROFILE, changed(b"EmailAuthPassword", b"Password", GOOD_PROFILE), "unknown value"),
    (PROFILE, changed(b"<integer>993</integer>", b"<string>993</string>", GOOD_PROFILE), "integer"),
    (PROFILE, b"\x30\x82\x00\x00", "signed in a way"),
]


@pytest.mark.parametrize(("kind", "body", "said"), BAD_PROFILES)
def test_what_apple_refuses(kind: str, body: bytes, said: str) -> None:
    """A profile that breaks Apple's description leads to no account."""
    reasons, _ = outcome_of("apple-mail", Response(200, kind, body=body))
    assert any(part in reasons for part in said.split("|")), reasons


def test_outlook_takes_no_password_without_spa() -> None:
    """Where SPA is not off, Outlook's account has no plain password, and a warning tells it."""
    body = changed(b"<SPA>off</SPA>", b"", GOOD_POX)
    client = BY_KEY["outlook-for-windows"]
    outcome = converse(
        client.asks(User.typing("alice@example.com")), lambda _: Response(200, XML, body=body)
    ).outcome
    assert outcome.account is not None
    assert outcome.account.incoming.method == "password-encrypted"
    assert outcome.warnings == (
        "SPA is not off for IMAP, SMTP, so that a plain password does not do",
    )


def test_outlook_follows_its_redirect_probe() -> None:
    """Where only plain http answers, the redirect leads Outlook's POST to the right place."""

    def answer(request: Request) -> Response:
        if request.host == "elsewhere.example":
            return Response(200, XML, body=GOOD_POX)
        if request.scheme == "http" and request.method == "GET":
            return Response(302, location=f"https://elsewhere.example{POX}")
        return NOBODY

    client = BY_KEY["outlook-for-windows"]
    outcome = converse(client.asks(User.typing("alice@example.com")), answer).outcome
    assert outcome.account is not None
    assert outcome.source == f"https://elsewhere.example{POX}"


def test_new_outlook_is_never_given_imap() -> None:
    """Outlook's newer apps see IMAP settings in an answer for ActiveSync as a broken server."""
    client = BY_KEY["outlook-new-and-mobile"]
    outcome = converse(
        client.asks(User.typing("alice@example.com")), lambda _: Response(200, XML, body=GOOD_POX)
    ).outcome
    assert outcome.has_stopped
    assert "IMAP settings" in outcome.reasons[-1]


MOBILE = """\
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <Action>{action}</Action>
  </Response>
</Autodiscover>
"""
SERVER = (
    "<Settings><Server><Type>MobileSync</Type><Url>https://e.example/</Url></Server></Settings>"
)
ACTIONS = [
    # inside of Action, the URL that is found, whether the search stops
    (SERVER, "https://e.example/", False),
    (SERVER.replace("https", "http"), "", True),
    (SERVER.replace("MobileSync", "CertEnroll"), "", True),
    ("<Error><Status>2</Status></Error>", "", False),
    ("", "", True),
]


@pytest.mark.parametrize(("action", "place", "stops"), ACTIONS)
def test_activesync(action: str, place: str, stops: bool) -> None:
    """The newer Outlook and phones find an ActiveSync server, take an error, or stop in between."""
    body = MOBILE.format(action=action).encode()

    def answer(request: Request) -> Response:
        return Response(200, XML, body=body) if request.method == "POST" else Response(404)

    client = BY_KEY["outlook-new-and-mobile"]
    outcome = converse(client.asks(User.typing("alice@example.com")), answer).outcome
    assert (outcome.source, outcome.has_stopped) == (place, stops)
