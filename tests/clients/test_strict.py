"""Tests of the two clients that read Autoconfig with a strict schema, and refuse documents."""

import base64
import hashlib
import json

import pytest

from tests.clients.foreign_documents import AUTOCONFIG, BY_KEY, GOOD, XML, changed
from tests.clients.published import Zone, published, resolver
from tests.clients.recorded import Application, application
from tests.golden.cases import Case
from tests.web.asgi import Client as Asker
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    Outcome,
    ServerAnswer,
    Transcript,
    run_session,
)
from waypost.providers_file.load import read_providers

IOS, HIMALAYA = "thunderbird-for-ios", "himalaya"
BOTH = (IOS, HIMALAYA)
ALICE = "alice@example.com"
CLEARTEXT = b"<authentication>password-cleartext</authentication>"
WHOLE = {
    "issuer": "https://login.example.com",
    "scope": "mail",
    "authURL": "https://login.example.com/auth",
    "tokenURL": "https://login.example.com/token",
}


def oauth2(*without: str, times: int = 1) -> bytes:
    """Build the good document with an `oAuth2` without some of its parts."""
    parts = "".join(
        f"<{name}>{text}</{name}>" for name, text in WHOLE.items() if name not in without
    )
    section = f"<oAuth2>{parts}</oAuth2>" * times
    return changed(b"</clientConfig>", section.encode() + b"</clientConfig>")


def method(text: str, before: bool = False) -> bytes:
    """Build the good document with one more method in its first section."""
    more = text.encode()
    return changed(CLEARTEXT, more + CLEARTEXT if before else CLEARTEXT + more, count=1)


def section(kind: str) -> bytes:
    """Build the good document with one more section that has a URL."""
    more = f'<incomingServer type="{kind}"><url>https://x.example/</url></incomingServer>'
    return changed(b"<outgoingServer", more.encode() + b"<outgoingServer")


def plain(kind: bytes) -> bytes:
    """Build the good document with a POP3 section, and one section without protection."""
    pop3 = GOOD[GOOD.index(b"<incomingServer") : GOOD.index(b"</incomingServer>")]
    pop3 = pop3.replace(b'"imap"', b'"pop3"') + b"</incomingServer>"
    document = changed(b"<outgoingServer", pop3 + b"<outgoingServer")
    at = document.index(b'type="' + kind)
    return document[:at] + document[at:].replace(b">SSL<", b">plain<", 1)


BOMB = b'<!DOCTYPE a [<!ENTITY b "cc">]>'
REFUSED = [
    # the clients that refuse it, the document, the reason
    *((BOTH, section(kind), f"type {kind!r}") for kind in ("jmap", "activeSync", "ews", "graph")),
    *((BOTH, method(f"<authentication>{one}</authentication>"), one) for one in ("GSSAPI", "X")),
    (BOTH, method("<authentication>GSSAPI</authentication>", before=True), "GSSAPI"),
    (BOTH, method('<authentication system="sasl">SCRAM-SHA-256</authentication>'), "SCRAM-SHA"),
    (BOTH, method('<authentication system="http">Basic</authentication>'), "Basic"),
    *(
        ((IOS,), method(f"<authentication>{one}</authentication>"), one)
        for one in ("NTLM", "TLS-client-cert", "none")
    ),
    *((BOTH, oauth2(name), name) for name in WHOLE),
    ((HIMALAYA,), oauth2(times=2), "a second oAuth2"),
    *(((IOS,), plain(kind), "socketType 'plain'") for kind in (b"imap", b"pop3", b"smtp")),
    ((IOS,), changed(b"<username>alice@example.com</username>", b""), "no username"),
    ((IOS,), changed(b"<port>993</port>", b""), "no port"),
    (BOTH, changed(b"<port>993</port>", b"<port>70000</port>"), "port"),
    (BOTH, changed(b'type="smtp"', b'type="mapi"'), "mapi"),
    ((IOS,), changed(b"<displayShortName>Example</displayShortName>", b""), "displayShortName"),
    ((HIMALAYA,), changed(b' version="1.1"', b""), "version"),
    ((HIMALAYA,), changed(b' id="example.com"', b""), "emailProvider has no id"),
    (BOTH, b"<html><body>welcome</body></html>", "clientConfig"),
    (BOTH, GOOD[:200], "not well-formed"),
    (BOTH, b"", "not well-formed"),
    (
        BOTH,
        b'<!DOCTYPE a [<!ENTITY b "cc">]>' + GOOD[GOOD.index(b"<clientConfig") :],
        "document type",
    ),
]


def ends(key: str, document: bytes) -> Outcome:
    """Return the outcome of a client that gets one document at all URLs of Autoconfig."""

    def answer(request: ClientRequest) -> ServerAnswer:
        is_it = request.path.endswith(".xml") and request.host.endswith("example.com")
        return ServerAnswer(200, XML, body=document) if is_it else NO_ANSWER

    return run_session(BY_KEY[key].search(ClientUser.parse(ALICE)), answer).outcome


@pytest.mark.parametrize("key", BOTH)
@pytest.mark.parametrize(("refusing", "document", "reason"), REFUSED)
def test_one_unknown_value_makes_the_document_unusable(
    refusing: tuple[str, ...], document: bytes, reason: str, key: str
) -> None:
    """A value that its schema does not have makes a client refuse the document."""
    outcome = ends(key, document)

    assert (outcome.account is None) == (key in refusing)
    if key in refusing:
        assert reason in "; ".join(outcome.reasons)
        assert not outcome.has_stopped


TAKEN = [
    GOOD,
    oauth2(),
    oauth2("clientID"),
    changed(b"</clientConfig>", b'<calendar type="caldav"><url>x</url></calendar></clientConfig>'),
    changed(b"</emailProvider>", b"<unknown>x</unknown></emailProvider>"),
    changed(b'version="1.1"', b'version="9"'),
    changed(b"<clientConfig ", b'<clientConfig x="y" '),
    changed(b">993<", b"> 993 <"),
    changed(b">SSL<", b"> SSL <"),
]


@pytest.mark.parametrize("key", BOTH)
@pytest.mark.parametrize("document", TAKEN)
def test_unknown_elements_are_ignored(document: bytes, key: str) -> None:
    """Unknown elements and attributes, and another version, are harmless."""
    account = ends(key, document).account
    assert account is not None
    assert (account.incoming.host, account.outgoing.port) == ("imap.example.com", 465)


JMAP = b'<incomingServer type="jmap"><url>https://x.example/</url></incomingServer>'
PROVIDER = GOOD[GOOD.index(b"<emailProvider") : GOOD.index(b"</clientConfig>")]
MODERN = PROVIDER.replace(b"<incomingServer", JMAP + b"<incomingServer")
FORMS = [
    # a form of the document with a new section, the clients that refuse it (docs/decisions/0014)
    (changed(b"<incomingServer", JMAP + b"<incomingServer"), BOTH),
    (changed(b"</emailProvider>", JMAP + b"</emailProvider>"), BOTH),
    (changed(b'"1.1"', b'"1.2"', section("jmap")), BOTH),
    (changed(b"</clientConfig>", JMAP + b"</clientConfig>"), ()),
    (changed(b"</clientConfig>", MODERN + b"</clientConfig>"), BOTH),
    (changed(PROVIDER, MODERN + PROVIDER), (HIMALAYA,)),
]


@pytest.mark.parametrize("key", BOTH)
@pytest.mark.parametrize(("document", "refusing"), FORMS)
def test_no_permitted_form_suits_both_clients(
    document: bytes, refusing: tuple[str, ...], key: str
) -> None:
    """No order of sections and no version helps both clients; only forbidden forms do."""
    assert (ends(key, document).account is None) == (key in refusing)


@pytest.mark.parametrize("key", [*AUTOCONFIG, HIMALAYA])
def test_old_document_at_the_second_url_suits_both_clients(key: str) -> None:
    """With an old document at the second URL, both find servers; other clients never ask there."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host == "autoconfig.example.com":
            return ServerAnswer(200, XML, body=section("jmap"))
        if (request.host, request.path[:23]) == ("example.com", "/.well-known/autoconfig"):
            return ServerAnswer(200, XML, body=changed(b"imap.example", b"old.example"))
        return NO_ANSWER

    account = run_session(BY_KEY[key].search(ClientUser.parse(ALICE)), answer).outcome.account
    assert account is not None
    assert (account.incoming.host == "old.example.com") == (key in BOTH)


def test_thunderbird_for_ios_stops_at_an_incomplete_document() -> None:
    """A document that can be decoded ends its search, even without a server for sending."""
    half = GOOD[: GOOD.index(b"<outgoingServer")] + b"</emailProvider></clientConfig>"
    empty = b'<clientConfig version="1.1"></clientConfig>'

    for document in (half, empty):
        outcome = ends(IOS, document)
        assert (outcome.account, outcome.has_stopped) == (None, True)


def test_thunderbird_for_ios_prefers_oauth2() -> None:
    """Thunderbird for iOS uses OAuth2 at any position, and there is a warning."""
    after = method("<authentication>OAuth2</authentication>")
    encrypted = changed(CLEARTEXT, b"<authentication>password-encrypted</authentication>")

    assert ends(IOS, GOOD).warnings == ()
    for document in (after, encrypted):
        outcome = ends(IOS, document)
        assert outcome.account is not None
        assert len(outcome.warnings) == 1


def test_thunderbird_for_ios_requests_the_domain_of_the_mx_host() -> None:
    """If the domain has no answer, it asks the registered domain of the first MX host."""
    zone: Zone = {
        ("MX", "example.com"): (DnsAnswer("mx.host.example", 20), DnsAnswer("other.example", 10))
    }

    def answer(request: ClientRequest) -> ServerAnswer:
        return (
            ServerAnswer(200, XML, body=GOOD)
            if request.host == "autoconfig.host.example"
            else NO_ANSWER
        )

    transcript = run_session(BY_KEY[IOS].search(ClientUser.parse(ALICE)), answer, resolver(zone))
    assert transcript.outcome.source == "https://autoconfig.host.example/mail/config-v1.1.xml"


def by_zone(name: str, answered: bool = True) -> Transcript:
    """Return the outcome of himalaya with a golden case's Waypost and its zone."""
    case = Case(name)
    with application(name) as running:
        user = ClientUser.parse(f"alice@{case.config().domain}")
        answer = running.answer if answered else (lambda _: NO_ANSWER)
        return run_session(BY_KEY[HIMALAYA].search(user), answer, resolver(published(case)))


@pytest.mark.parametrize("name", ["at-home", "everything", "calendar-and-contacts", "kept-out"])
def test_himalaya_uses_pacc(name: str) -> None:
    """With its digest in DNS, himalaya uses PACC, whatever Autoconfig says."""
    outcome = by_zone(name).outcome
    assert outcome.account is not None
    expected = outcome.account.incoming
    if name in {"everything", "kept-out"}:
        assert (expected.kind, expected.host, expected.port) == ("jmap", "jmap.example.com", 443)
        assert outcome.source.startswith("https://ua-auto-config.")
    else:
        assert (expected.host, expected.port, expected.security) == ("imap.example.com", 993, "tls")


@pytest.mark.parametrize("name", ["at-home", "starttls-only", "imap-and-pop3"])
def test_himalaya_uses_srv_records(name: str) -> None:
    """By the SRV records of Waypost, himalaya finds both servers without a web server."""
    account = by_zone(name, answered=False).outcome.account
    assert account is not None
    security = "starttls" if name == "starttls-only" else "tls"
    assert {server.security for server in (account.incoming, account.outgoing)} == {security}
    assert account.incoming.login == f"alice@{Case(name).config().domain}"


def pacc_of(document: bytes, texts: tuple[str, ...] | None = None) -> Outcome:
    """Return the outcome of himalaya with only a PACC document whose digest is in DNS."""
    digest = base64.b64encode(hashlib.sha256(document).digest()).decode()
    published = (f"v=UAAC1; a=sha256; d={digest}",) if texts is None else texts

    def answer(request: ClientRequest) -> ServerAnswer:
        is_it = request.host.startswith("ua-auto-config.")
        return ServerAnswer(200, "application/json", body=document) if is_it else NO_ANSWER

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        is_it = (lookup.type, lookup.name) == ("TXT", "_ua-auto-config.example.com")
        return tuple(map(DnsAnswer, published)) if is_it else ()

    return run_session(BY_KEY[HIMALAYA].search(ClientUser.parse(ALICE)), answer, resolve).outcome


PACC = {
    "authentication": {"password": True},
    "info": {"provider": {"name": "Example"}},
    "protocols": {"imap": {"host": "i.example"}, "smtp": {"host": "s.example"}},
}


def test_himalaya_needs_the_digest() -> None:
    """A PACC document without a TXT record of exactly its bytes does not count."""
    document = json.dumps(PACC).encode()

    assert pacc_of(document).account is not None
    for texts in ((), ("v=UAAC1; a=sha256; d=AAAA",), ("x",)):
        outcome = pacc_of(document, texts)
        assert outcome.account is None
        assert "has the digest of the document" in outcome.reasons[0]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        json.dumps({**PACC, "protocols": []}).encode(),
        json.dumps({**PACC, "protocols": {"imap": {"host": 1}}}).encode(),
        json.dumps({**PACC, "protocols": {"imap": "i.example"}}).encode(),
        json.dumps({**PACC, "info": {"provider": {}}}).encode(),
        json.dumps({**PACC, "authentication": True}).encode(),
    ],
)
def test_himalaya_refuses_other_json(document: bytes) -> None:
    """Other JSON than a PACC document results in no account, and does not end the search."""
    outcome = pacc_of(document)
    assert outcome.account is None
    assert outcome.reasons


def test_himalaya_uses_the_last_of_equal_services() -> None:
    """Of services with equal protection, the last one found counts."""
    zone: Zone = {
        ("SRV", "_imaps._tcp.example.com"): (DnsAnswer("srv.example", 0, 1, 993),),
        ("SRV", "_submission._tcp.example.com"): (DnsAnswer("srv.example", 0, 1, 587),),
        ("SRV", "_imap._tcp.example.com"): (DnsAnswer("", 0, 0, 0),),
    }

    def answer(request: ClientRequest) -> ServerAnswer:
        return (
            ServerAnswer(200, XML, body=GOOD)
            if request.host == "autoconfig.example.com"
            else NO_ANSWER
        )

    transcript = run_session(
        BY_KEY[HIMALAYA].search(ClientUser.parse(ALICE)), answer, resolver(zone)
    )
    account = transcript.outcome.account
    assert account is not None
    assert (account.incoming.host, account.outgoing.host) == ("srv.example", "smtp.example.com")


def test_a_section_without_a_host() -> None:
    """Thunderbird for iOS refuses an IMAP section without a host; himalaya ignores it."""
    document = changed(b"imap.example.com</host", b"</host")

    assert "no hostname" in ends(IOS, document).reasons[0]
    assert ends(HIMALAYA, document).reasons[-1] == "no IMAP service was found"


def test_himalaya_without_a_server_for_sending() -> None:
    """Without a server for sending, himalaya sets up an incomplete account."""
    half = GOOD[: GOOD.index(b"<outgoingServer")] + b"</emailProvider></clientConfig>"
    outcome = ends(HIMALAYA, half)

    assert (outcome.account, outcome.has_stopped) == (None, True)
    assert "can only read" in outcome.reasons[-1]


def test_himalaya_uses_the_mailconf_record() -> None:
    """The TXT record `mailconf=` of the domain names the document; others are ignored."""
    texts = ("v=spf1 -all", "mailconf=:", "mailconf= https://m.example/c.xml")
    zone: Zone = {("TXT", "example.com"): tuple(map(DnsAnswer, texts))}

    def answer(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(200, XML, body=GOOD) if request.host == "m.example" else NO_ANSWER

    transcript = run_session(
        BY_KEY[HIMALAYA].search(ClientUser.parse(ALICE)), answer, resolver(zone)
    )
    assert transcript.outcome.account is not None


KEPT_OUT = """
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
  { type = "ews", url = "https://ews.example.com/EWS/Exchange.asmx"%s },
  { type = "imap", host = "krb.example.com", authentication = ["GSSAPI", "password-cleartext"]%s },
]
"""


@pytest.mark.rule("autoconfig-strict-is-told")
@pytest.mark.parametrize("key", BOTH)
def test_excluded_services_make_the_document_usable(key: str) -> None:
    """If Autoconfig leaves out what they refuse, both set up the account."""
    found = []
    for formats in ("", ', formats = ["autodiscover", "dns"]'):
        catalog = read_providers(KEPT_OUT % (formats, formats), name="x", format="toml").catalog
        asker = Asker(catalog)
        running = Application(asker, "example.com")
        found.append(
            run_session(BY_KEY[key].search(ClientUser.parse(ALICE)), running.answer).outcome.account
        )
        asker.close()
    refused, taken = found

    assert refused is None
    assert taken is not None
    assert (taken.incoming.host, taken.outgoing.host) == ("imap.example.com", "smtp.example.com")
