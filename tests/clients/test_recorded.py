"""Clients that cannot be run here, as they are recorded, ask Waypost and end with an account."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clients.recorded import ACCOUNTS, CASES, accounts, application, hear, who_asks
from tests.golden.cases import HERE as GOLDEN
from waypost.check.recorded import CLIENTS
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    NOBODY,
    REQUESTS_MAX,
    Request,
    Response,
    User,
    converse,
)

BY_KEY = {client.key: client for client in CLIENTS}
SETTING_UP = [client for client in CLIENTS if client.expects_account]

MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
JSON = "/autodiscover/autodiscover.json"
POX = "/autodiscover/autodiscover.xml"
DATABASE = "GET https://autoconfig.thunderbird.net/v1.1/d.example"
ESCAPED = "?emailaddress=Bob%2Btag%40d.example"
AS_TYPED = "?emailaddress=Bob+tag@d.example"
# The hash is that of bob+tag@d.example.
HASHED = f"{ESCAPED}&emailmd5=9bbb80f24ca16e0c4ed8ec22d53bb2e4"
AUTOCONFIG_D = "https://autoconfig.d.example"
AUTODISCOVER_D = "https://autodiscover.d.example"

# What each sends for Bob+tag@d.example as long as nobody answers; docs/clients.md tells the same.
REQUESTS = {
    "thunderbird": [
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}{ESCAPED}",
        f"GET http://autoconfig.d.example{MAIL}{ESCAPED}",
        f"GET http://d.example{WELL_KNOWN}{ESCAPED}",
        DATABASE,
        f"POST {AUTODISCOVER_D}{POX}",
        f"POST https://d.example{POX}",
        f"POST http://autodiscover.d.example{POX}",
    ],
    "delta-chat": [
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}",
        f"GET https://d.example{POX}",
        f"GET {AUTODISCOVER_D}{POX}",
        DATABASE,
    ],
    "thunderbird-for-android-and-k-9": [
        f"GET {AUTOCONFIG_D}{MAIL}",
        f"GET https://d.example{WELL_KNOWN}",
        f"GET http://autoconfig.d.example{MAIL}",
        f"GET http://d.example{WELL_KNOWN}",
        DATABASE,
    ],
    "fairemail": [
        f"GET {AUTOCONFIG_D}{MAIL}{AS_TYPED}",
        f"GET https://d.example{WELL_KNOWN}{AS_TYPED}",
        f"GET http://autoconfig.d.example{MAIL}{AS_TYPED}",
        f"GET http://d.example{WELL_KNOWN}{AS_TYPED}",
        DATABASE,
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
    ],
    "evolution": [
        f"GET {AUTOCONFIG_D}{MAIL}{HASHED}",
        f"GET http://autoconfig.d.example{MAIL}{HASHED}",
        f"GET https://d.example{WELL_KNOWN}{HASHED}",
        f"GET http://d.example{WELL_KNOWN}{HASHED}",
        DATABASE,
    ],
    "kmail": [
        DATABASE,
        f"GET {AUTOCONFIG_D}{MAIL}",
        f"GET http://autoconfig.d.example{MAIL}",
        f"GET https://d.example{WELL_KNOWN}",
    ],
    "aerc": [
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}{ESCAPED}",
        DATABASE,
    ],
    "nextcloud-mail": [
        f"GET {AUTOCONFIG_D}{MAIL}{AS_TYPED}",
        f"GET https://d.example{WELL_KNOWN}{AS_TYPED}",
        DATABASE,
        f"GET http://autoconfig.d.example{MAIL}{AS_TYPED}",
        f"GET http://d.example{WELL_KNOWN}{AS_TYPED}",
    ],
    "outlook-for-windows": [
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
        f"GET http://autodiscover.d.example{POX}",
    ],
    "outlook-new-and-mobile": [
        f"GET {AUTODISCOVER_D}{JSON}?Email=Bob%2Btag%40d.example&Protocol=AutodiscoverV1",
        f"POST {AUTODISCOVER_D}{POX}",
    ],
    "apple-mail": [f"GET {AUTOCONFIG_D}/mobileconfig/{ESCAPED}"],
}


def by_name(client: Client) -> str:
    return client.key


@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
def test_what_each_asks(client: Client) -> None:
    """Where nobody answers, each sends all its requests in its order, and has no account."""
    heard = converse(client.asks(User.typing("Bob+tag@d.example")), lambda _: NOBODY)
    asked = [f"{request.method} {request.url}" for request, _ in heard.exchanges]
    assert asked == REQUESTS[client.key]
    assert heard.outcome.account is None
    assert not heard.outcome.has_stopped


# client, what its POST says of its content, what it says in it
POSTS = [
    ("thunderbird", "text/xml; charset=utf-8", "outlook/responseschema/2006a"),
    ("fairemail", None, "outlook/responseschema/2006a"),
    ("outlook-for-windows", "text/xml", "outlook/responseschema/2006a"),
    ("outlook-new-and-mobile", "text/xml", "mobilesync/responseschema/2006"),
]


@pytest.mark.parametrize(("key", "content_type", "schema"), POSTS)
def test_what_is_posted(key: str, content_type: str | None, schema: str) -> None:
    """An Autodiscover request names the address and the schema that the client reads."""
    heard = converse(BY_KEY[key].asks(User.typing("bob@d.example")), lambda _: NOBODY)
    post = next(request for request, _ in heard.exchanges if request.method == "POST")
    assert dict(post.headers).get("Content-Type") == content_type
    assert b"<EMailAddress>bob@d.example</EMailAddress>" in post.body
    assert schema.encode() in post.body


@pytest.mark.parametrize("case", CASES)
def test_accounts(case: str) -> None:
    """Each client ends with the account, or for the reason, that the case's file tells."""
    assert accounts(case) == (ACCOUNTS / f"{case}.txt").read_text(encoding="utf-8")


SECURITIES = [
    # case, incoming, outgoing
    ("at-home", ("imap.example.com", 993, "tls"), ("smtp.example.com", 465, "tls")),
    ("starttls-only", ("imap.example.com", 143, "starttls"), ("smtp.example.com", 587, "starttls")),
    ("imap-and-pop3", ("imap.example.com", 993, "tls"), ("smtp.example.com", 465, "tls")),
    ("oauth2", ("imap.example.com", 993, "tls"), ("smtp.example.com", 465, "tls")),
    ("plus-tag", ("imap.example.com", 993, "tls"), ("smtp.example.com", 465, "tls")),
    ("everything", ("imap.example.com", 993, "tls"), ("smtp.example.com", 465, "tls")),
]


@pytest.mark.parametrize("client", SETTING_UP, ids=by_name)
@pytest.mark.parametrize(("case", "incoming", "outgoing"), SECURITIES)
def test_all_end_with_the_same_servers(
    client: Client, case: str, incoming: tuple[str, int, str], outgoing: tuple[str, int, str]
) -> None:
    """What every client can use leads every client to the same servers and the whole address."""
    account = hear(client, case).outcome.account
    assert account is not None
    held = [account.incoming, account.outgoing]
    assert [(one.host, one.port, one.security) for one in held] == [incoming, outgoing]
    assert {one.login for one in held} == {str(who_asks(case).address)}


@pytest.mark.parametrize("client", SETTING_UP, ids=by_name)
def test_login_name_is_the_local_part(client: Client) -> None:
    """A login name that is no address reaches every client, for reading and for sending."""
    account = hear(client, "login-is-local-part").outcome.account
    assert account is not None
    assert (account.incoming.login, account.outgoing.login) == ("alice", "mail-alice")


@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
@pytest.mark.parametrize("case", ["not-served", "no-service"])
def test_no_search_ends_at_waypost(client: Client, case: str) -> None:
    """Where Waypost has nothing to say, every client searches on to its last source."""
    with application(case) as running:
        user = who_asks(case)
        heard = converse(client.asks(user), running.answer)
        silent = converse(client.asks(user), lambda _: NOBODY)
    assert heard.outcome.account is None
    assert not heard.outcome.has_stopped
    asked = {request.url for request, _ in heard.exchanges}
    assert {request.url for request, _ in silent.exchanges} <= asked


XML = "text/xml; charset=utf-8"
GOOD = (GOLDEN / "at-home" / "autoconfig.xml").read_bytes()
GOOD_POX = (GOLDEN / "at-home" / "autodiscover.xml").read_bytes()
GOOD_PROFILE = (GOLDEN / "at-home" / "mobileconfig.plist").read_bytes()
PROFILE = "application/x-apple-aspen-config"
BOMB = b'<!DOCTYPE a [<!ENTITY b "cc">]>'


def changed(old: bytes, new: bytes, document: bytes = GOOD, count: int = -1) -> bytes:
    assert old in document
    return document.replace(old, new, count)


AUTOCONFIG = [one for one in SETTING_UP if one.key not in {"outlook-for-windows", "apple-mail"}]
KEYS = [client.key for client in AUTOCONFIG]
BAD = [
    # clients, Content-Type, document, what the client says to it
    (KEYS, XML, b"<html><body>welcome</body></html>", "ot clientConfig|XML without"),
    (["thunderbird"], "text/html", GOOD, "not as XML"),
    (["thunderbird"], "", GOOD, "not as XML"),
    (KEYS, XML, GOOD[:200], "not well-formed"),
    (KEYS, XML, BOMB + GOOD[GOOD.index(b"<clientConfig") :], "document type definition"),
    (KEYS, XML, changed(b"<port>993</port>", b""), "port|XML without"),
    (KEYS, XML, changed(b"<port>993</port>", b"<port>70000</port>"), "port|XML without"),
    # aerc does not look at the type of what it sends with.
    (
        [key for key in KEYS if key != "aerc"],
        XML,
        changed(b'type="smtp"', b'type="mapi"'),
        "smtp|SMTP|mapi|send",
    ),
    (KEYS, XML, changed(b"imap.example.com</host", b"</host"), "hostname|XML without"),
    (["thunderbird"], XML, changed(b">SSL<", b">ssl<"), "socketType 'ssl' is not supported"),
    (["thunderbird"], XML, changed(b">SSL<", b"> SSL <"), "socketType ' SSL ' is not supported"),
    (["thunderbird"], XML, changed(b"<domain>example.com</domain>", b""), "no domain"),
    (["thunderbird"], XML, changed(b">example.com</domain", b">*</domain"), "is no host name"),
    (["thunderbird"], XML, changed(b'id="example.com"', b'id="my provider"'), "is no host name"),
    (["thunderbird"], XML, changed(b"password-cleartext", b"OAuth2"), "OAuth2 alone"),
    (["thunderbird"], XML, changed(b"password-cleartext", b"magic"), "'magic' is not supported"),
    (["thunderbird"], XML, changed(b"<username>alice@example.com</username>", b""), "no username"),
    (["thunderbird-for-android-and-k-9"], XML, changed(b">SSL<", b">plain<", count=1), "spoils"),
    (["thunderbird-for-android-and-k-9"], XML, changed(b"password-cleartext", b"plain"), "spoils"),
    (["thunderbird-for-android-and-k-9"], XML, changed(b'"imap"', b'"pop3"'), "no IMAP or no SMTP"),
    (["fairemail"], XML, changed(b'"imap"', b'"pop3"'), "not of the type imap"),
    (["fairemail", "nextcloud-mail"], XML, changed(b">imap.", b">%EMAILDOMAIN%."), "placeholders"),
    (["aerc"], XML, changed(b'"imap"', b'"pop3"'), "no IMAP service"),
    (["delta-chat"], XML, changed(b"<username>alice@example.com</username>", b""), "XML without"),
]


def outcome_of(key: str, response: Response) -> tuple[str, bool]:
    """Let a client get one and the same answer to each GET, and none to anything else."""

    def answer(request: Request) -> Response:
        return response if request.method == "GET" else NOBODY

    outcome = converse(BY_KEY[key].asks(User.typing("alice@example.com")), answer).outcome
    assert outcome.account is None
    return "; ".join(outcome.reasons), outcome.has_stopped


@pytest.mark.parametrize(
    ("key", "kind", "body", "said"),
    [(key, kind, body, said) for keys, kind, body, said in BAD for key in keys],
)
def test_what_a_client_refuses(key: str, kind: str, body: bytes, said: str) -> None:
    """A document that a client cannot use leads it to no account, and its reason is told."""
    reasons, _ = outcome_of(key, Response(200, kind, body=body))
    assert any(part in reasons for part in said.split("|")), reasons


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


@pytest.mark.parametrize("key", ["delta-chat", "aerc"])
def test_who_stops_at_an_empty_document(key: str) -> None:
    """A success without services ends the search of those that look no further."""
    empty = b'<clientConfig version="1.1"><emailProvider id="x"/></clientConfig>'
    _, has_stopped = outcome_of(key, Response(200, XML, body=empty))
    assert has_stopped


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


def redirecting(location: str) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        if "autoconfig." not in request.host or request.path != MAIL or request.scheme != "https":
            is_target = request.url.endswith("/moved.xml")
            return Response(200, XML, body=GOOD) if is_target else Response(404)
        return Response(302, location=location)

    return answer


REDIRECTS = [
    # Location, who does not follow it
    ("https://other.example/moved.xml", set[str]()),
    ("http://other.example/moved.xml", {"thunderbird-for-android-and-k-9", "kmail"}),
    ("/moved.xml", {"delta-chat"}),
    ("", set(KEYS)),
    ("ftp://other.example/moved.xml", set(KEYS)),
    ("https://[/moved.xml", set(KEYS)),
]


@pytest.mark.parametrize(("location", "lost"), REDIRECTS)
def test_redirects(location: str, lost: set[str]) -> None:
    """Each follows the redirects that its source follows, and no others."""
    user = User.typing("alice@example.com")
    heard = {key: converse(BY_KEY[key].asks(user), redirecting(location)) for key in KEYS}
    assert {key for key, one in heard.items() if one.outcome.account is None} == lost


def test_documents_that_are_too_long() -> None:
    """No record reads a document that is longer than any answer has a need to be."""
    for key in KEYS:
        reasons, _ = outcome_of(key, Response(200, XML, body=GOOD + b" " * 300_000))
        assert "longer than 262144 octets" in reasons


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


ANSWERS = st.builds(
    Response,
    st.sampled_from([0, 200, 204, 301, 302, 404, 500]),
    st.sampled_from([XML, "text/html", PROFILE, ""]),
    st.one_of(
        st.just(""),
        st.text(max_size=20),
        st.sampled_from(["https://[", "//x:y/", "/", "http://b/"]),
    ),
    st.one_of(
        st.binary(max_size=30),
        st.builds(
            lambda document, start, piece: (
                document[:start] + piece + document[start + len(piece) :]
            ),
            st.sampled_from([GOOD, GOOD_POX, GOOD_PROFILE]),
            st.integers(0, 1500),
            st.binary(max_size=12),
        ),
    ),
)


@settings(max_examples=60, deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_no_answer_breaks_a_record(answers: list[Response]) -> None:
    """Whatever a server says, each record comes to an end that is told in words."""
    for client in CLIENTS:
        count = 0

        def answer(_: Request) -> Response:
            nonlocal count
            count += 1
            return answers[count % len(answers)]

        heard = converse(client.asks(User.typing("alice@example.com")), answer)
        assert len(heard.exchanges) <= REQUESTS_MAX
        assert heard.outcome.account or heard.outcome.reasons or not client.expects_account


def test_nine_is_answered() -> None:
    """Nine's URL gives the bytes of the draft's URL."""
    with application("at-home") as running:
        path = "/v1.1/mail/config-v1.1.xml?emailaddress=alice@example.com"
        answer = running.answer(Request.get(f"https://autoconfig.example.com{path}"))
    assert (answer.status, answer.body) == (200, GOOD)


def test_em_client_finds_calendars() -> None:
    """Autodiscover names calendars and address books as eM Client reads them."""
    with application("everything") as running:
        client = BY_KEY["outlook-for-windows"]
        heard = converse(client.asks(who_asks("everything")), running.answer)
    body = heard.exchanges[-1][1].body
    assert b"<Type>CalDAV</Type>" in body
    assert b"<Type>CardDAV</Type>" in body
