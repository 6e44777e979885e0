"""Tests of the records of Outlook, Apple Mail and others with answers of other servers."""

import pytest

from tests.clients.foreign_documents import (
    BY_KEY,
    GOOD,
    GOOD_POX,
    GOOD_PROFILE,
    PROFILE,
    XML,
    changed,
    outcome_of,
)
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)

POX = "/autodiscover/autodiscover.xml"
BAD_POX = [
    # document, Outlook's reason
    (changed(b"outlook/responseschema/2006a", b"outlook/responseschema/2006", GOOD_POX), "Outlook"),
    (changed(b'autodiscover/responseschema/2006"', b'x/2006"', GOOD_POX), "namespace"),
    (changed(b">email<", b">mapi<", GOOD_POX), "type email"),
    (changed(b">settings<", b">nothing<", GOOD_POX), "Action is not settings"),
    (changed(b"<Type>SMTP", b"<Type>smtp", GOOD_POX), "none for sending"),
    (changed(b"<Port>993</Port>", b"<Port/>", GOOD_POX), "port"),
    (changed(b">settings<", b">redirectUrl<", GOOD_POX), "not an https URL"),
    (changed(b">settings<", b">redirectAddr<", GOOD_POX), "not an address"),
    (b"", "not well-formed"),
]


@pytest.mark.parametrize(("body", "message"), BAD_POX)
def test_documents_that_outlook_refuses(body: bytes, message: str) -> None:
    """Outlook sets up no account from an answer that breaks Microsoft's schema."""
    client = BY_KEY["outlook-for-windows"]
    transcript = run_session(
        client.search(ClientUser.parse("alice@example.com")),
        lambda _: ServerAnswer(200, XML, body=body),
    )
    assert transcript.outcome.account is None
    assert message in "; ".join(transcript.outcome.reasons)


BAD_PROFILES = [
    # Content-Type, profile, the reason of Safari or the installer
    ("text/xml", GOOD_PROFILE, "Safari does not install"),
    (PROFILE, b"<plist/>", "property list|not a profile"),
    (PROFILE, changed(b"<key>PayloadUUID</key>", b"<key>X</key>", GOOD_PROFILE), "PayloadUUID"),
    (PROFILE, changed(b"mail.managed", b"mail.other", GOOD_PROFILE), "no payload"),
    (PROFILE, changed(b"EmailTypeIMAP", b"IMAP", GOOD_PROFILE), "EmailAccountType"),
    (PROFILE, changed(b"EmailAuthPassword", b"Password", GOOD_PROFILE), "unknown value"),
    (PROFILE, changed(b"<integer>993</integer>", b"<string>993</string>", GOOD_PROFILE), "integer"),
    (PROFILE, b"\x30\x82\x00\x00", "cannot read the signature"),
]


@pytest.mark.parametrize(("kind", "body", "message"), BAD_PROFILES)
def test_profiles_that_apple_refuses(kind: str, body: bytes, message: str) -> None:
    """A profile that breaks Apple's description results in no account."""
    reasons, _ = outcome_of("apple-mail", ServerAnswer(200, kind, body=body))
    assert any(part in reasons for part in message.split("|")), reasons


def test_outlook_sends_no_plain_password_without_spa() -> None:
    """If SPA is not off, Outlook's account has no plain password, and there is a warning."""
    body = changed(b"<SPA>off</SPA>", b"", GOOD_POX)
    client = BY_KEY["outlook-for-windows"]
    outcome = run_session(
        client.search(ClientUser.parse("alice@example.com")),
        lambda _: ServerAnswer(200, XML, body=body),
    ).outcome
    assert outcome.account is not None
    assert outcome.account.incoming.method == "password-encrypted"
    assert outcome.warnings == (
        "SPA is not off for IMAP, SMTP, so the client sends no plain password",
    )


def test_outlook_follows_its_redirect_probe() -> None:
    """If only plain http answers, Outlook POSTs to the target of its redirect."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host == "elsewhere.example":
            return ServerAnswer(200, XML, body=GOOD_POX)
        if request.scheme == "http" and request.method == "GET":
            return ServerAnswer(302, location=f"https://elsewhere.example{POX}")
        return NO_ANSWER

    client = BY_KEY["outlook-for-windows"]
    outcome = run_session(client.search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is not None
    assert outcome.source == f"https://elsewhere.example{POX}"


def test_new_outlook_gets_no_imap() -> None:
    """For Outlook's newer apps, IMAP settings in an ActiveSync answer are an error."""
    client = BY_KEY["outlook-new-and-mobile"]
    outcome = run_session(
        client.search(ClientUser.parse("alice@example.com")),
        lambda _: ServerAnswer(200, XML, body=GOOD_POX),
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
    # content of Action, the URL that is found, whether the search stops
    (SERVER, "https://e.example/", False),
    (SERVER.replace("https", "http"), "", True),
    (SERVER.replace("MobileSync", "CertEnroll"), "", True),
    ("<Error><Status>2</Status></Error>", "", False),
    ("", "", True),
]


@pytest.mark.parametrize(("action", "place", "stops"), ACTIONS)
def test_activesync(action: str, place: str, stops: bool) -> None:
    """New Outlook and phones find an ActiveSync server, accept an error, or stop otherwise."""
    body = MOBILE.format(action=action).encode()

    def answer(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(200, XML, body=body) if request.method == "POST" else ServerAnswer(404)

    for key in ("outlook-new-and-mobile", "activesync-devices"):
        search = BY_KEY[key].search
        outcome = run_session(search(ClientUser.parse("alice@example.com")), answer).outcome
        assert (outcome.source, outcome.has_stopped) == (place, stops)


def redirected(action: str, element: str, place: str) -> bytes:
    """Return an answer that redirects."""
    body = changed(b">settings<", f">{action}<".encode(), GOOD_POX)
    return changed(b"</Action>", f"</Action><{element}>{place}</{element}>".encode(), body)


def test_outlook_follows_an_address() -> None:
    """Outlook starts again with the address that an answer redirects to."""
    moved = redirected("redirectAddr", "RedirectAddr", "bob@new.example")

    def answer(request: ClientRequest) -> ServerAnswer:
        # Only the domain itself answers for the new address.
        hosts = {"new.example": GOOD_POX, "autodiscover.example.com": moved}
        body = hosts.get(request.host)
        return NO_ANSWER if body is None else ServerAnswer(200, XML, body=body)

    search = BY_KEY["outlook-for-windows"].search
    outcome = run_session(search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is not None
    assert outcome.source == f"https://new.example{POX}"

    around = {"bob@new.example": "alice@example.com", "alice@example.com": "bob@new.example"}

    def circle(request: ClientRequest) -> ServerAnswer:
        target = next((around[one] for one in around if one.encode() in request.body), "")
        body = redirected("redirectAddr", "RedirectAddr", target)
        return ServerAnswer(200, XML, body=body) if target else NO_ANSWER

    outcome = run_session(search(ClientUser.parse("alice@example.com")), circle).outcome
    assert (outcome.account, outcome.reasons[-1]) == (
        None,
        "more redirects than the client follows",
    )


JSONS = [
    # answer to the JSON request, the source of the account
    (
        b'{"Protocol":"AutodiscoverV1","Url":"https://else.example/x.xml"}',
        "https://else.example/x.xml",
    ),
    (b'{"Url":"https://missing.example/x.xml"}', f"https://example.com{POX}"),
    (b'{"Url":"http://else.example/x.xml"}', f"https://example.com{POX}"),
    (b"<html/>", f"https://example.com{POX}"),
]


@pytest.mark.parametrize(("body", "source"), JSONS)
def test_outlook_posts_to_the_url_in_json(body: bytes, source: str) -> None:
    """Outlook POSTs to the https URL in the JSON answer, and continues if that is useless."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.path == "/autodiscover/autodiscover.json":
            return ServerAnswer(200, "application/json", body=body)
        is_there = request.host in {"else.example", "example.com"} and request.method == "POST"
        return ServerAnswer(200, XML, body=GOOD_POX) if is_there else NO_ANSWER

    search = BY_KEY["outlook-for-windows"].search
    outcome = run_session(search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is not None
    assert outcome.source == source


def test_posts_are_sent_again() -> None:
    """Outlook and phones send a POST again, with its body, after an HTTP redirect."""
    mobile = MOBILE.format(action=SERVER).encode()

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host == "else.example" and request.method == "POST":
            return ServerAnswer(
                200, XML, body=mobile if b"mobilesync" in request.body else GOOD_POX
            )
        return ServerAnswer(302, location="https://else.example/x.xml")

    outlook = run_session(
        BY_KEY["outlook-for-windows"].search(ClientUser.parse("alice@example.com")), answer
    ).outcome
    phone = run_session(
        BY_KEY["activesync-devices"].search(ClientUser.parse("alice@example.com")), answer
    ).outcome
    assert (outlook.source, phone.source) == ("https://else.example/x.xml", "https://e.example/")
    assert outlook.account is not None


def test_thunderbird_follows_an_address() -> None:
    """Thunderbird asks again for the address that an answer redirects to, at most twice."""
    moved = redirected("redirectAddr", "RedirectAddr", "bob@new.example")

    def answer(request: ClientRequest) -> ServerAnswer:
        body = GOOD_POX if request.host == "autodiscover.new.example" else moved
        return ServerAnswer(200, XML, body=body) if request.method == "POST" else NO_ANSWER

    client = BY_KEY["thunderbird"]
    outcome = run_session(client.search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is not None
    assert outcome.source == f"https://autodiscover.new.example{POX}"

    around = run_session(
        client.search(ClientUser.parse("alice@example.com")),
        lambda one: ServerAnswer(200, XML, body=moved) if one.method == "POST" else NO_ANSWER,
    ).outcome
    assert around.account is None
    assert "more redirects than the client follows" in around.reasons[-1]


@pytest.mark.parametrize(
    ("place", "found"),
    [("https://else.example/x.xml", True), ("http://else.example/x.xml", False), ("", False)],
)
def test_thunderbird_follows_plain_http_to_https(place: str, found: bool) -> None:
    """With Autodiscover by plain http, Thunderbird uses only a redirect to https."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host == "else.example" and request.method == "POST":
            return ServerAnswer(200, XML, body=GOOD_POX)
        is_plain = (request.scheme, request.method) == ("http", "POST")
        return ServerAnswer(302, location=place) if is_plain else NO_ANSWER

    client = BY_KEY["thunderbird"]
    outcome = run_session(client.search(ClientUser.parse("alice@example.com")), answer).outcome
    assert (outcome.account is not None) == found
    if found:
        requests = "the client asks its user whether to trust else.example"
        assert outcome.warnings == (requests,)


def test_thunderbird_reads_the_best_answer_alone() -> None:
    """If the first answer is useless, Thunderbird reads no other answer."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.method != "POST" or request.scheme != "https":
            return NO_ANSWER
        is_first = request.host.startswith("autodiscover.")
        return ServerAnswer(200, XML, body=b"<a/>" if is_first else GOOD_POX)

    client = BY_KEY["thunderbird"]
    outcome = run_session(client.search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is None


@pytest.mark.parametrize(("body", "message"), BAD_POX)
def test_documents_that_em_client_refuses(body: bytes, message: str) -> None:
    """EM Client is assumed to read answers as Outlook does, except redirects."""
    client = BY_KEY["em-client"]
    transcript = run_session(
        client.search(ClientUser.parse("alice@example.com")),
        lambda _: ServerAnswer(200, XML, body=body),
    )
    assert transcript.outcome.account is None
    if "redirect" not in body.decode():
        assert message in "; ".join(transcript.outcome.reasons)


NINE = [
    # status and body of the JSON answer, document, its outcome
    ((200, b'{"Url":"https://e.example/eas"}'), GOOD, "https://e.example/eas"),
    ((200, b'{"Url":"http://e.example/eas"}'), GOOD, "imap.example.com"),
    ((400, b'{"ErrorCode":"InvalidProtocol"}'), GOOD, "imap.example.com"),
    ((404, b""), changed(b'"imap"', b'"pop3"'), "no incomingServer of the type imap"),
    ((404, b""), changed(b'"smtp"', b'"mapi"'), "no outgoingServer of the type smtp"),
    ((404, b""), changed(b"<port>993</port>", b""), "port"),
    ((404, b""), b"<html/>", "not clientConfig"),
    ((404, b""), b"", "not well-formed"),
]


@pytest.mark.parametrize(("first", "document", "message"), NINE)
def test_nine(first: tuple[int, bytes], document: bytes, message: str) -> None:
    """Nine uses an ActiveSync server, or else the first IMAP and SMTP service of a document."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.path == "/autodiscover/autodiscover.json":
            return ServerAnswer(first[0], "application/json", body=first[1])
        is_there = request.path == "/v1.1/mail/config-v1.1.xml"
        return ServerAnswer(200, XML, body=document) if is_there else ServerAnswer(404)

    outcome = run_session(
        BY_KEY["nine"].search(ClientUser.parse("alice@example.com")), answer
    ).outcome
    text = f"{outcome.account or outcome.source or outcome.reasons[-1]}"
    assert message in text


def test_devices_follow_a_redirect() -> None:
    """ActiveSync devices POST to the target of the plain http redirect, and use its answer."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host == "else.example" and b"mobilesync" in request.body:
            return ServerAnswer(200, XML, body=MOBILE.format(action=SERVER).encode())
        is_probe = request.scheme == "http" and request.method == "GET"
        return ServerAnswer(302, location=f"https://else.example{POX}") if is_probe else NO_ANSWER

    client = BY_KEY["activesync-devices"]
    outcome = run_session(client.search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.source == "https://e.example/"
