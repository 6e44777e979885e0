"""Tests of how SnappyMail, Geary, Mailspring, Mustang, Sailfish OS and DAVx5 read answers."""

from collections.abc import Callable

import pytest

from tests.clients.foreign_documents import BY_KEY, GOOD, GOOD_POX, XML, changed
from tests.clients.published import Zone, resolver
from waypost.diagnostics.simulated_clients.dns import DnsAnswer
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    Outcome,
    ServerAnswer,
    run_session,
)

D = "example.com"
ALICE = f"alice@{D}"
MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
SECTION = GOOD[GOOD.index(b"<incomingServer") : GOOD.index(b"</incomingServer>") + 17]
OUTGOING = GOOD[GOOD.index(b"<outgoingServer") : GOOD.index(b"</outgoingServer>") + 17]
IMAP = changed(b"imap.example.com</host", b"second.example.com</host", SECTION)
STARTTLS = changed(b"993", b"143", IMAP).replace(b">SSL<", b">STARTTLS<")
SMTP = changed(b"smtp.example.com</host", b"second.example.com</host", OUTGOING)
POP3 = changed(b'"imap"', b'"pop3"', IMAP)
METHOD = b"<authentication>password-cleartext</authentication>"
OAUTH2 = b"<authentication>OAuth2</authentication>"
BASIC = b'<authentication system="http">Basic</authentication>'
EWS = b'<incomingServer type="ews"><url>https://ews.example.com/EWS/</url>%s<username>%%EMAILADDRESS%%'
EWS += b"</username></incomingServer>"
WHOLE_OAUTH2 = (
    b"<oAuth2><authURL>https://a.example/</authURL><tokenURL>https://t.example/</tokenURL>"
    b"<scope>mail</scope></oAuth2></clientConfig>"
)
FIRST, SECOND = "imap.example.com:993", "second.example.com:993"


def outcome(
    key: str,
    answer: Callable[[ClientRequest], ServerAnswer],
    zone: Zone | None = None,
    typed: str = ALICE,
) -> Outcome:
    """Return the outcome of a client."""
    return run_session(
        BY_KEY[key].search(ClientUser.parse(typed)), answer, resolver(zone or {})
    ).outcome


def everywhere(
    method: str, body: bytes, kind: str = XML
) -> Callable[[ClientRequest], ServerAnswer]:
    """Return the same answer to each request of a method."""

    def answer(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(200, kind, body=body) if request.method == method else NO_ANSWER

    return answer


DOCUMENTS = [
    # client, document, its account, or nothing if there is none
    ("snappymail", changed(SECTION, SECTION + IMAP), FIRST),
    ("snappymail", changed(SECTION, POP3 + SECTION), ""),
    ("snappymail", changed(OUTGOING, OUTGOING + SMTP), "smtp.example.com:465"),
    ("geary", changed(SECTION, SECTION + IMAP), FIRST),
    ("geary", changed(SECTION, POP3 + SECTION), ""),
    ("geary", changed(b'"smtp"', b'"mapi"'), ""),
    ("geary", changed(b"imap.example.com<", b"2001:db8::1<"), ""),
    ("mailspring", changed(SECTION, POP3 + SECTION), FIRST),
    ("mailspring", changed(OUTGOING, OUTGOING + SMTP), "smtp.example.com:465"),
    ("mailspring", changed(b'"imap"', b'"IMAP"'), ""),
    ("mustang", changed(SECTION, SECTION + IMAP), FIRST),
    ("mustang", changed(SECTION, POP3 + SECTION), ""),
    ("mustang", changed(SECTION, SECTION + POP3), FIRST),
    ("mustang", changed(SECTION, SECTION.replace(METHOD, b"") + IMAP), SECOND),
    ("mustang", changed(SECTION, EWS % BASIC + SECTION), FIRST),
    ("mustang", changed(SECTION, EWS % (BASIC + METHOD) + SECTION), "ews ews.example.com:443"),
    ("mustang", changed(OUTGOING, OUTGOING.replace(METHOD, b"") + SMTP), "smtp second.example.com"),
    ("mustang", changed(METHOD, OAUTH2 + METHOD), "password-cleartext"),
    (
        "mustang",
        changed(METHOD, OAUTH2 + METHOD).replace(b"</clientConfig>", WHOLE_OAUTH2),
        "OAuth2",
    ),
    ("mustang", changed(b"</domain>", b"</domain><domain>b.example</domain>"), FIRST),
    ("mustang", changed(b">example.com</domain>", b">b.example</domain>"), ""),
    ("sailfish-os", changed(SECTION, STARTTLS + SECTION), "imap second.example.com:993 tls"),
    ("sailfish-os", changed(SECTION, STARTTLS), "imap second.example.com:143 starttls"),
    ("sailfish-os", changed(SECTION, POP3), "pop3 second.example.com:993"),
    ("sailfish-os", changed(SECTION, POP3 + SECTION), FIRST),
    ("sailfish-os", changed(b'"smtp"', b'"mapi"'), ""),
]


@pytest.mark.parametrize(("key", "body", "expected"), DOCUMENTS)
def test_documents(key: str, body: bytes, expected: str) -> None:
    """Each rule by which a client reads Autoconfig is that of its record."""
    account = outcome(key, everywhere("GET", body)).account
    assert expected in f"{account or ''}"
    assert (account is not None) == bool(expected)


ANSWERS = [
    # client, the answer of its first own URL, whether it continues with the second one
    *(
        (key, ServerAnswer(404), True)
        for key in ("snappymail", "mailspring", "sailfish-os", "mustang")
    ),
    ("snappymail", ServerAnswer(200, "text/html", body=b"<html/>"), True),
    ("snappymail", ServerAnswer(500, XML, body=GOOD), True),
    ("snappymail", ServerAnswer(200, XML, body=changed(b'"imap"', b'"jmap"')), False),
    ("mailspring", ServerAnswer(200, "text/html", body=b"<html>"), True),
    ("mailspring", ServerAnswer(200, "text/html", body=b"<html/>"), False),
    ("mustang", ServerAnswer(200, "text/html", body=b"<html/>"), False),
    ("sailfish-os", ServerAnswer(200, "text/html", body=GOOD), True),
    ("sailfish-os", ServerAnswer(200, "text/plain", body=b"hello"), False),
]


@pytest.mark.parametrize(("key", "first", "goes_on"), ANSWERS)
def test_which_answer_ends_the_search(key: str, first: ServerAnswer, goes_on: bool) -> None:
    """A useless success ends the search of a client if its source does not continue then."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host.startswith(f"autoconfig.{D}") and request.scheme == "https":
            return first
        return ServerAnswer(200, XML, body=GOOD) if request.path == WELL_KNOWN else NO_ANSWER

    assert (outcome(key, answer).account is not None) == goes_on


@pytest.mark.parametrize("status", [200, 404, 500])
def test_geary_ignores_the_status(status: int) -> None:
    """Geary reads a document with any status and Content-Type."""
    found = outcome("geary", lambda _: ServerAnswer(status, "text/html", body=GOOD))
    assert found.account is not None


POX = [
    # client, answer, its account, or nothing if there is none
    ("mustang", GOOD_POX, "imap imap.example.com:993 tls password-cleartext alice@example.com"),
    # SMTP is not read.
    ("mustang", GOOD_POX, "smtp imap.example.com:465 tls"),
    ("mustang", changed(b">993<", b">143<", GOOD_POX), "smtp imap.example.com:587 starttls"),
    ("mustang", changed(b"<Type>IMAP", b"<Type>POP3", GOOD_POX), ""),
    ("mustang", b"<x/>", ""),
    ("snappymail", GOOD_POX, "imap imap.example.com:993 tls alice,"),
    (
        "snappymail",
        changed(b"alice@example.com", b"autodiscover@example.com", GOOD_POX),
        "imap imap.example.com:993 tls alice@example.com, smtp smtp.example.com:465 tls alice@",
    ),
    ("snappymail", changed(b">993<", b">143<", GOOD_POX), "imap.example.com:143 starttls"),
    ("snappymail", changed(b">465<", b">587<", GOOD_POX), "smtp.example.com:587 starttls"),
    ("snappymail", changed(b"<SSL>on", b"<SSL>On", GOOD_POX), "imap.example.com:993 none"),
    ("snappymail", changed(b">email<", b">mapi<", GOOD_POX), ""),
    (
        "snappymail",
        GOOD_POX.replace(b"<Protocol>", b"<P>", 1).replace(b"</Protocol>", b"</P>", 1),
        "",
    ),
]


@pytest.mark.parametrize(("key", "body", "expected"), POX)
def test_autodiscover(key: str, body: bytes, expected: str) -> None:
    """Each rule by which a client reads Autodiscover is that of its record."""
    account = outcome(key, everywhere("POST", body)).account
    assert expected in f"{account or ''}"
    assert (account is not None) == bool(expected)


def test_mustang_finds_exchange_by_json() -> None:
    """Without Autoconfig, Mustang uses the URL in `autodiscover.json`."""
    json = b'{"Protocol": "Ews", "Url": "https://ews.example.com/EWS/Exchange.asmx"}'

    def answer(request: ClientRequest) -> ServerAnswer:
        is_json = request.path.startswith("/autodiscover/autodiscover.json/v1.0/")
        return ServerAnswer(200, "application/json", body=json) if is_json else NO_ANSWER

    found = outcome("mustang", answer)
    assert (found.account, found.source) == (None, "https://ews.example.com/EWS/Exchange.asmx")


def test_mustang_asks_the_domain_of_the_mail_server() -> None:
    """Mustang reads a hoster's document, without an address, if it names the hoster's domain."""
    document = changed(b">example.com</domain", b">hoster.example</domain")
    document = document.replace(b"alice@example.com", b"%EMAILADDRESS%")

    def answer(request: ClientRequest) -> ServerAnswer:
        is_there = request.url == f"https://autoconfig.hoster.example{MAIL}"
        return ServerAnswer(200, XML, body=document) if is_there else NO_ANSWER

    account = outcome("mustang", answer, {("MX", D): (DnsAnswer("mx.hoster.example", 10),)}).account
    assert account is not None
    assert account.incoming.login == ALICE


def test_snappymail_uses_the_srv_record() -> None:
    """SnappyMail asks host and port of Autodiscover's SRV record; port 80 means plain http."""
    records = (
        DnsAnswer("a.example", 0, 1, 8443),
        DnsAnswer("b.example", 1, 1, 80),
        DnsAnswer("", 2, 1, 443),
    )
    transcript = run_session(
        BY_KEY["snappymail"].search(ClientUser.parse(ALICE)),
        lambda _: NO_ANSWER,
        resolver({("SRV", f"_autodiscover._tcp.{D}"): records}),
    )
    posted = [request.url for request, _ in transcript.exchanges if request.method == "POST"]
    assert posted[:2] == [
        "https://a.example:8443/autodiscover/autodiscover.xml",
        "http://b.example/autodiscover/autodiscover.xml",
    ]
    assert len(posted) == 5


def test_snappymail_and_mail_records() -> None:
    """SRV records of mail are no account in SnappyMail, because it loses the sending server."""
    zone: Zone = {
        ("SRV", f"_submissions._tcp.{D}"): (DnsAnswer("s.example", 0, 1, 465),),
        ("SRV", f"_imaps._tcp.{D}"): (DnsAnswer("i.example", 0, 1, 993),),
    }
    found = outcome("snappymail", lambda _: NO_ANSWER, zone)
    assert found.account is None
    assert "does not fill in the server for sending" in found.reasons[-1]


CLAWS = [
    # SRV records by label, the account
    (
        {
            "_imaps": (993, "i.example"),
            "_imap": (143, "j.example"),
            "_submission": (587, "s.example"),
        },
        f"imap i.example:993 tls {ALICE}, smtp s.example:587 starttls {ALICE}",
    ),
    (
        {"_imaps": (0, ""), "_imap": (143, "j.example"), "_submission": (465, "s.example")},
        f"imap j.example:143 starttls {ALICE}, smtp s.example:465 tls {ALICE}",
    ),
    ({"_imaps": (993, "i.example"), "_submissions": (465, "s.example")}, "None"),
    ({"_submission": (587, "s.example")}, "None"),
]


@pytest.mark.parametrize(("labels", "expected"), CLAWS)
def test_claws_mail(labels: dict[str, tuple[int, str]], expected: str) -> None:
    """Claws Mail uses SRV records, and never looks up `_submissions`."""
    zone: Zone = {
        ("SRV", f"{label}._tcp.{D}"): (DnsAnswer(host, 0, 1, port),)
        for label, (port, host) in labels.items()
    }
    assert f"{outcome('claws-mail', lambda _: NO_ANSWER, zone).account}" == expected


CALDAV = f"_caldavs._tcp.{D}"
PRINCIPAL = b'<multistatus xmlns="DAV:"><response><propstat><prop><current-user-principal/></prop>'
PRINCIPAL += b"</propstat></response></multistatus>"
DAV = [
    # zone, the CalDAV URL, its answer, the result of DAVx5
    ({}, f"https://{D}/", ServerAnswer(401), f"https://{D}/"),
    ({}, f"https://{D}/", ServerAnswer(207, XML, body=PRINCIPAL), f"https://{D}/"),
    ({}, f"https://{D}/", ServerAnswer(207, XML, body=b"<x/>"), ""),
    ({}, f"https://{D}/", ServerAnswer(207, XML, body=b"<x"), ""),
    ({}, f"https://{D}/", ServerAnswer(200, XML, body=PRINCIPAL), ""),
    ({}, f"http://{D}/", ServerAnswer(401), ""),
    (
        {("SRV", CALDAV): (DnsAnswer("b.example", 5, 9, 443), DnsAnswer("a.example", 0, 1, 8443))},
        "https://a.example:8443/.well-known/caldav",
        ServerAnswer(401),
        "https://a.example:8443/.well-known/caldav",
    ),
    (
        {
            ("SRV", CALDAV): (DnsAnswer("a.example", 0, 1, 443),),
            ("TXT", CALDAV): (DnsAnswer("path=/dav/"),),
        },
        "https://a.example/dav/",
        ServerAnswer(401),
        "https://a.example/dav/",
    ),
    ({("SRV", CALDAV): (DnsAnswer("", 0, 0, 0),)}, f"https://{D}/", ServerAnswer(401), ""),
    ({("SRV", f"_caldav._tcp.{D}"): (DnsAnswer("a.example", 0, 1, 80),)}, "x", NO_ANSWER, ""),
]


@pytest.mark.parametrize(("zone", "place", "response", "expected"), DAV)
def test_davx5(zone: Zone, place: str, response: ServerAnswer, expected: str) -> None:
    """DAVx5 uses SRV and TXT records, then the well-known path, then the root."""

    def answer(request: ClientRequest) -> ServerAnswer:
        assert request.method == "PROPFIND"
        assert dict(request.headers)["Depth"] == "0"
        return response if request.url == place else ServerAnswer(404)

    found = [
        service
        for service in outcome("davx5", answer, zone).other_services
        if service.startswith("caldav ")
    ]
    assert found == ([f"caldav {expected}"] if expected else [])


@pytest.mark.parametrize(
    ("location", "is_found"),
    [("https://dav.example/c/", True), ("/c/", False), ("http://dav.example/c/", False)],
)
def test_davx5_follows_redirects(location: str, is_found: bool) -> None:
    """DAVx5 follows a redirect to another host, but none from https to http."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.path == "/.well-known/caldav":
            return ServerAnswer(307, location=location)
        return ServerAnswer(401 if request.host == "dav.example" else 404)

    found = outcome("davx5", answer).other_services
    assert found == (("caldav https://dav.example/c/",) if is_found else ())
