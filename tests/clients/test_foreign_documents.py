"""Tests of records with Autoconfig documents of other servers, good and bad ones."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients.foreign_documents import (
    AUTOCONFIG,
    BY_KEY,
    GOOD,
    GOOD_POX,
    GOOD_PROFILE,
    PROFILE,
    XML,
    changed,
    outcome_of,
)
from tests.examples import examples
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    REQUESTS_MAX,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)

MAIL = "/mail/config-v1.1.xml"
BOMB = b'<!DOCTYPE a [<!ENTITY b "cc">]>'
BAD = [
    # clients, Content-Type, document, the client's reason
    (
        AUTOCONFIG,
        XML,
        b"<html><body>welcome</body></html>",
        "ot clientConfig|XML without|no emailProvider",  # codespell:ignore ot
    ),
    (["thunderbird"], "text/html", GOOD, "not XML"),
    (["thunderbird"], "", GOOD, "not XML"),
    (AUTOCONFIG, XML, GOOD[:200], "not well-formed"),
    (AUTOCONFIG, XML, BOMB + GOOD[GOOD.index(b"<clientConfig") :], "document type definition"),
    (AUTOCONFIG, XML, changed(b"<port>993</port>", b""), "port|XML without"),
    # Delta Chat uses the usual port instead.
    (
        [key for key in AUTOCONFIG if key != "delta-chat"],
        XML,
        changed(b"<port>993</port>", b"<port>70000</port>"),
        "port",
    ),
    # aerc does not check the type of the server for sending.
    (
        [key for key in AUTOCONFIG if key != "aerc"],
        XML,
        changed(b'type="smtp"', b'type="mapi"'),
        "smtp|SMTP|mapi|send",
    ),
    (AUTOCONFIG, XML, changed(b"imap.example.com</host", b"</host"), "hostname|XML without"),
    (["thunderbird"], XML, changed(b">SSL<", b">ssl<"), "socketType 'ssl' is not supported"),
    (["thunderbird"], XML, changed(b">SSL<", b"> SSL <"), "socketType ' SSL ' is not supported"),
    (["thunderbird"], XML, changed(b"<domain>example.com</domain>", b""), "no domain"),
    (["thunderbird"], XML, changed(b">example.com</domain", b">*</domain"), "is not a host name"),
    (["thunderbird"], XML, changed(b'id="example.com"', b'id="my provider"'), "is not a host name"),
    (["thunderbird"], XML, changed(b"password-cleartext", b"OAuth2"), "OAuth2 is the only method"),
    (["thunderbird"], XML, changed(b"password-cleartext", b"magic"), "'magic' is not supported"),
    (["thunderbird"], XML, changed(b"<username>alice@example.com</username>", b""), "no username"),
    (
        ["thunderbird-for-android-and-k-9"],
        XML,
        changed(b">SSL<", b">plain<", count=1),
        "refuse the document",
    ),
    (
        ["thunderbird-for-android-and-k-9"],
        XML,
        changed(b"password-cleartext", b"plain"),
        "refuse the document",
    ),
    (["thunderbird-for-android-and-k-9"], XML, changed(b'"imap"', b'"pop3"'), "no IMAP or no SMTP"),
    (
        ["thunderbird-for-android-and-k-9"],
        XML,
        changed(b"</emailProvider>", b"<oAuth2><authURL>a</authURL></oAuth2></emailProvider>"),
        "oAuth2 without",
    ),
    (["fairemail"], XML, changed(b'"imap"', b'"pop3"'), "not of the type imap"),
    (["fairemail", "nextcloud-mail"], XML, changed(b">imap.", b">%EMAILDOMAIN%."), "placeholders"),
    (["aerc"], XML, changed(b'"imap"', b'"pop3"'), "no IMAP service"),
    (["delta-chat"], XML, changed(b"<username>alice@example.com</username>", b""), "XML without"),
    (["snappymail", "geary"], XML, changed(b'"imap"', b'"jmap"'), "not of the type imap"),
    (["mailspring"], XML, changed(b'"imap"', b'"pop3"'), "no incomingServer of the type imap"),
    (
        ["snappymail", "geary", "mailspring", "sailfish-os"],
        XML,
        changed(b">imap.", b">%EMAILLOCALPART%."),
        "hostname",
    ),
    (["mustang"], XML, changed(b"<username>alice@example.com</username>", b""), "no username"),
    (["mustang"], XML, changed(b"password-cleartext", b"plain"), "no authentication method"),
    (["mustang"], XML, changed(b'"imap"', b'"pop3"'), "does not support it yet"),
    (["mustang"], XML, changed(b'"imap"', b'"activeSync"'), "unsupported type"),
    (["mustang"], XML, changed(b">imap.example.com<", b">2001:db8::1<"), "is not a host name"),
    (["mustang"], XML, changed(b">SSL<", b">ssl<"), "socketType 'ssl' is not known"),
    (
        ["mustang", "sailfish-os"],
        XML,
        changed(b">example.com</domain", b">Example.com</domain"),
        "does not name the domain",
    ),
    (["sailfish-os"], "text/html", GOOD, "Content-Type is 'text/html'"),
    (["sailfish-os"], XML, changed(b">SSL<", b">ssl<"), "knows no socketType"),
]


@pytest.mark.parametrize(
    ("key", "kind", "body", "message"),
    [(key, kind, body, message) for keys, kind, body, message in BAD for key in keys],
)
def test_documents_that_a_client_refuses(key: str, kind: str, body: bytes, message: str) -> None:
    """If a client cannot use a document, it has no account, and a reason."""
    reasons, _ = outcome_of(key, ServerAnswer(200, kind, body=body))
    assert any(part in reasons for part in message.split("|")), reasons


LOGIN = b"<username>alice@example.com</username>"
PECULIAR = [
    # client, document, login name, security and method of the server for reading
    ("thunderbird", changed(LOGIN, b"<username>%emailaddress%</username>"), "%emailaddress%"),
    ("thunderbird", changed(LOGIN, b"<username>x-%EMAILLOCALPART%</username>"), "x-alice"),
    ("thunderbird", changed(b"password-cleartext", b"plain"), "password-cleartext"),
    ("thunderbird", changed(b"password-cleartext", b"secure"), "password-encrypted"),
    (
        "thunderbird",
        changed(b"<socketType>SSL", b"<socketType>TLS</socketType><socketType>SSL"),
        "tls",
    ),
    ("delta-chat", changed(b"incomingServer", b"INCOMINGserver"), "tls"),
    ("delta-chat", changed(b">SSL<", b">StartTLS<"), "starttls"),
    ("delta-chat", changed(b">SSL<", b">TLS<"), "automatic"),
    ("delta-chat", changed(LOGIN, b"<username>%EMAILLOCALPART%</username>"), "alice"),
    (
        "delta-chat",
        changed(LOGIN, b"<username>%emaillocalpart%</username>"),
        "%emaillocalpart%",
    ),
    (
        "thunderbird-for-android-and-k-9",
        changed(LOGIN, b"<username>%emailaddress%</username>"),
        "%emailaddress%",
    ),
    ("evolution", changed(LOGIN, b"<username>%emailaddress%</username>"), "%emailaddress%"),
    ("evolution", changed(b"password-cleartext", b"plain"), "password-cleartext"),
    ("kmail", changed(LOGIN, b"<username>%emailaddress%</username>"), "%emailaddress%"),
    (
        "kmail",
        changed(b"</auth", b"</authentication><authentication>password-encrypted</auth"),
        "password-encrypted",
    ),
    ("nextcloud-mail", changed(LOGIN, b"<username>%emailaddress%</username>"), "%emailaddress%"),
    ("fairemail", changed(LOGIN, b"<username>%EMAILADDRESS%</username>"), "alice@example.com"),
    ("fairemail", changed(LOGIN, b"<username>x-%EMAILLOCALPART%</username>"), "x-%EMAILLOCALPART%"),
    ("fairemail", changed(b">SSL<", b">ssl<"), "tls"),
    ("fairemail", changed(b"993</port>", b"143</port>").replace(b">SSL<", b">x<"), "starttls"),
    # It uses the last login name of the document.
    (
        "fairemail",
        changed(LOGIN, b"<username>bob</username>").replace(
            b"</clientConfig>", b"<x><username>al</username></x></clientConfig>"
        ),
        "al",
    ),
    ("geary", changed(LOGIN, b"<username>%EMAILLOCALPART%</username>"), "alice@example.com"),
    ("geary", changed(b">SSL<", b">ssl<"), "none"),
    ("geary", changed(b"<clientConfig", b"<config").replace(b"</clientConfig", b"</config"), "tls"),
    ("mailspring", changed(LOGIN, b"<username>%EMAILLOCALPART%</username>"), "alice"),
    ("mailspring", changed(LOGIN, b"<username>x-%EMAILLOCALPART%</username>"), "alice@example.com"),
    ("mailspring", changed(b">SSL<", b">whatever<"), "starttls"),
    ("mailspring", changed(b">SSL<", b">plain<"), "none"),
    ("snappymail", changed(LOGIN, b"<username>%EMAILADDRESS%</username>"), "alice@example.com"),
    ("snappymail", changed(LOGIN, b"<username>%emailaddress%</username>"), "alice"),
    ("snappymail", changed(LOGIN, b"<username>alice@example.com</username>"), "alice"),
    ("snappymail", changed(b">SSL<", b">ssl<"), "none"),
    ("mustang", changed(LOGIN, b"<username>x-%EMAILLOCALPART%</username>"), "x-alice"),
    ("mustang", changed(LOGIN, b"<username/>"), "alice@example.com"),
    ("mustang", changed(b"password-cleartext", b"basic"), "password-cleartext"),
    ("mustang", changed(b"password-cleartext", b"OAuth2"), "OAuth2"),
    (
        "mustang",
        changed(b"<authentication>", b"<authentication>OAuth2</authentication><authentication>"),
        "password-cleartext",
    ),
    (
        "mustang",
        changed(b"<socketType>SSL", b"<socketType>TLS</socketType><socketType>SSL"),
        "tls",
    ),
    ("sailfish-os", changed(LOGIN, b"<username>x</username>"), ""),
    ("sailfish-os", changed(b">SSL<", b">STARTTLS<"), "starttls"),
    (
        "evolution",
        changed(b"</auth", b"</authentication><authentication>NTLM</auth"),
        "password-cleartext",
    ),
    (
        "evolution",
        changed(b"</auth", b"</authentication><authentication>password-encrypted</auth"),
        "password-encrypted",
    ),
    ("evolution", changed(b"password-cleartext", b"plain"), "password-cleartext"),
    ("evolution", changed(b">SSL<", b">ssl<"), "none"),
    (
        "evolution",
        changed(b"<socketType>SSL", b"<socketType>TLS</socketType><socketType>SSL"),
        "tls",
    ),
    ("evolution", changed(LOGIN, b"<username>%emailaddress%</username>"), "%emailaddress%"),
    ("evolution", changed(LOGIN, b"<username>EVOLUTIONUSER</username>"), "EVOLUTIONUSER"),
    ("evolution-346", changed(LOGIN, b"<username>EVOLUTIONUSER</username>"), "alice"),
    ("kmail", changed(b"password-cleartext", b"client-ip-based"), "client-IP-address"),
    ("kmail", changed(b"password-cleartext", b"secure"), "password-encrypted"),
    ("aerc", changed(LOGIN, b"<username>%emailAddress%</username>"), "alice@example.com"),
    ("aerc", changed(LOGIN, b"<username>%EMAILLOCALPART%</username>"), "%EMAILLOCALPART%"),
    ("aerc", changed(LOGIN, b"<username>x%EMAILADDRESS%</username>"), "x%EMAILADDRESS%"),
    ("aerc", changed(b">SSL<", b">whatever<"), "starttls"),
    ("nextcloud-mail", changed(b">SSL<", b">Tls<"), "starttls"),
    ("nextcloud-mail", changed(b">SSL<", b">whatever<"), "none"),
]


@pytest.mark.parametrize(("key", "body", "expected"), PECULIAR)
def test_unusual_values(key: str, body: bytes, expected: str) -> None:
    """The record of each client reads peculiar values in the same way as the client."""

    def answer(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(200, XML, body=body) if request.method == "GET" else NO_ANSWER

    account = run_session(
        BY_KEY[key].search(ClientUser.parse("alice@example.com")), answer
    ).outcome.account
    assert account is not None
    assert expected in {account.incoming.login, account.incoming.security, account.incoming.method}


@pytest.mark.parametrize("key", ["delta-chat", "evolution", "evolution-346", "kmail-2212"])
def test_clients_that_stop_at_an_empty_document(key: str) -> None:
    """A success without services ends the search of these clients."""
    empty = b'<clientConfig version="1.1"><emailProvider id="x"/></clientConfig>'
    _, has_stopped = outcome_of(key, ServerAnswer(200, XML, body=empty))
    assert has_stopped


def redirecting(location: str) -> Callable[[ClientRequest], ServerAnswer]:
    def answer(request: ClientRequest) -> ServerAnswer:
        if "autoconfig." not in request.host or request.path != MAIL or request.scheme != "https":
            is_target = request.url.endswith("/moved.xml")
            return ServerAnswer(200, XML, body=GOOD) if is_target else ServerAnswer(404)
        return ServerAnswer(302, location=location)

    return answer


REDIRECTS = [
    # Location, the clients that do not follow it
    ("https://other.example/moved.xml", set[str]()),
    (
        "http://other.example/moved.xml",
        {"thunderbird-for-ios", "thunderbird-for-android-and-k-9", "kmail", "sailfish-os"},
    ),
    ("/moved.xml", {"delta-chat"}),
    ("", set(AUTOCONFIG)),
    ("ftp://other.example/moved.xml", set(AUTOCONFIG)),
    ("https://[/moved.xml", set(AUTOCONFIG)),
]


@pytest.mark.parametrize(("location", "lost"), REDIRECTS)
def test_redirects(location: str, lost: set[str]) -> None:
    """Each client follows the redirects that its source follows, and no others."""
    user = ClientUser.parse("alice@example.com")
    # SnappyMail requests this URL only by plain http.
    asking = [key for key in AUTOCONFIG if key != "snappymail"]
    transcript = {
        key: run_session(BY_KEY[key].search(user), redirecting(location)) for key in asking
    }
    lost = lost - {"snappymail"}
    assert {key for key, item in transcript.items() if item.outcome.account is None} == lost


def test_documents_that_are_too_long() -> None:
    """No record reads a document that is longer than the limit."""
    for key in AUTOCONFIG:
        reasons, _ = outcome_of(key, ServerAnswer(200, XML, body=GOOD + b" " * 300_000))
        assert "longer than 262144 bytes" in reasons


ANSWERS = st.builds(
    ServerAnswer,
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


@examples(60)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_any_answer_has_an_outcome(answers: list[ServerAnswer]) -> None:
    """Whatever a server answers, each record ends with a readable outcome."""
    for client in CLIENTS:
        count = 0

        def answer(_: ClientRequest) -> ServerAnswer:
            nonlocal count
            count += 1
            return answers[count % len(answers)]

        transcript = run_session(client.search(ClientUser.parse("alice@example.com")), answer)
        assert len(transcript.exchanges) <= REQUESTS_MAX
        assert (
            transcript.outcome.account or transcript.outcome.reasons or not client.expects_account
        )
