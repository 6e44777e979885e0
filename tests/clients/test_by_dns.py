"""Tests of records that use DNS, and that DNS and HTTP return the same servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.clients.foreign_documents import BY_KEY, GOOD, GOOD_POX, XML
from tests.clients.published import PUBLIC, Zone, published, resolver
from tests.clients.recorded import application
from tests.golden.cases import Case, cases
from tests.web.asgi import Client as Asker
from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import ParsedService, read_answer
from waypost.diagnostics.simulated_clients.dns import DnsAnswer
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    Transcript,
    run_session,
)
from waypost.providers_file.load import read_providers

ALICE = "alice@example.com"
POX = "/autodiscover/autodiscover.xml"
GOLDEN = {case.name: case for case in cases()}
# IMAP and SMTP, with hosts that are the same for all users.
NAMED = [
    case
    for case in GOLDEN.values()
    if (case.folder / "dns.zone").exists()
    and (case.folder / "autoconfig.xml").exists()
    and case.name != "kept-out"  # There, DNS may differ from the document.
]


def unanswered(_: ClientRequest) -> ServerAnswer:
    return NO_ANSWER


def by_dns(key: str, zone: Zone, typed: str = ALICE) -> Transcript:
    """Return the outcome of a client that asks DNS, without any web server."""
    return run_session(BY_KEY[key].search(ClientUser.parse(typed)), unanswered, resolver(zone))


def offers(case: Case) -> set[tuple[str, str, int, str]]:
    """Return the servers that the Autoconfig document of a case names."""
    address = EmailAddress.parse(f"x@{case.config().domain}")
    answer = read_answer(
        "autoconfig", 200, case.stored("autoconfig.xml")["autoconfig.xml"], address
    )
    return {_place(offer) for offer in answer.services}


def _place(server: ParsedService | MailServer) -> tuple[str, str, int, str]:
    host = server.host_or_url if isinstance(server, ParsedService) else server.host
    return server.kind, host, server.port, server.security


def has(case: Case, *labels: str) -> bool:
    """Return whether one of these labels has a target."""
    zone, domain = published(case), case.config().domain
    found = [
        record for label in labels for record in zone.get(("SRV", f"{label}._tcp.{domain}"), ())
    ]
    return any(one.data for one in found)


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.name)
def test_fairemail_uses_servers_of_the_document(case: Case) -> None:
    """The servers that FairEmail finds by SRV records are in the Autoconfig document."""
    typed = f"alice@{case.config().domain}"
    account = by_dns("fairemail", published(case), typed).outcome.account

    is_whole = has(case, "_imaps", "_imap") and has(case, "_submissions", "_submission")
    assert (account is not None) == is_whole
    if account:
        assert {_place(account.incoming), _place(account.outgoing)} <= _protected(offers(case))


def _protected(expected: set[tuple[str, str, int, str]]) -> set[tuple[str, str, int, str]]:
    # RFC 6186 s3.1: _imap and _submission do not mention TLS; a client assumes STARTTLS.
    return {
        (kind, host, port, how) for kind, host, port, _ in expected for how in ("tls", "starttls")
    }


@pytest.mark.parametrize("name", ["at-home", "starttls-only", "imap-and-pop3", "idn-domain"])
def test_fairemail_by_dns_and_by_http(name: str) -> None:
    """If there is one way to each server, only DNS and only HTTP result in the same account."""
    client, typed = BY_KEY["fairemail"], f"alice@{GOLDEN[name].config().domain}"
    with application(name) as running:
        by_http = run_session(
            client.search(ClientUser.parse(typed)), running.answer
        ).outcome.account
    account = by_dns("fairemail", published(GOLDEN[name]), typed).outcome.account
    assert account is not None
    assert by_http is not None
    for pair, other in (
        (account.incoming, by_http.incoming),
        (account.outgoing, by_http.outgoing),
    ):
        assert (_place(pair), pair.login) == (_place(other), other.login)


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.name)
def test_aerc_uses_servers_of_the_document(case: Case) -> None:
    """By SRV records aerc finds servers of the document, or no server for sending without 587."""
    outcome = by_dns("aerc", published(case), f"alice@{case.config().domain}").outcome

    if has(case, "_jmap"):
        assert outcome.account is not None
        assert outcome.account.incoming.kind == "jmap"
    elif has(case, "_imap", "_imaps") and not has(case, "_submission"):
        # It looks up `_smtps`, which is in no standard, and not `_submissions` (RFC 8314 s5.1).
        assert outcome.account is None
        assert outcome.has_stopped
        assert "neither _submission nor _smtps" in outcome.reasons[-1]
    elif has(case, "_imap", "_imaps"):
        assert outcome.account is not None
        servers = {_place(outcome.account.incoming), _place(outcome.account.outgoing)}
        assert servers <= _protected(offers(case))
    else:
        assert outcome.account is None
        assert not outcome.has_stopped


def test_fairemail_uses_port_465() -> None:
    """With the zone of a domain that prefers 465 and has 587 as well, FairEmail uses 465."""
    account = by_dns("fairemail", published(GOLDEN["tls-and-starttls"])).outcome.account
    assert account is not None
    assert (account.incoming.port, account.outgoing.port) == (993, 465)


# SRV records, the servers of the document
SRV_FIRST = ("srv.example", "srv.example")
DOCUMENT_FIRST = ("imap.example.com", "smtp.example.com")
SCORES = [
    # login name in the document, whose servers FairEmail tries first
    ("%EMAILADDRESS%", SRV_FIRST),
    ("%EMAILLOCALPART%", SRV_FIRST),
    ("ALICE@example.com", SRV_FIRST),
    ("alice", DOCUMENT_FIRST),
]


@pytest.mark.parametrize(("login", "hosts"), SCORES)
def test_order_of_fairemail_sources(login: str, hosts: tuple[str, str]) -> None:
    """SRV records come before a document, unless the document has its own login name."""
    document = GOOD.replace(b">alice@example.com<", f">{login}<".encode())
    zone: Zone = {
        ("SRV", f"_imaps._tcp.{D}"): (DnsAnswer("srv.example", 0, 1, 993),),
        ("SRV", f"_submissions._tcp.{D}"): (DnsAnswer("srv.example", 0, 1, 465),),
    }
    session = BY_KEY["fairemail"].search(ClientUser.parse(ALICE))
    account = run_session(session, only_at(f"autoconfig.{D}", "GET", document), resolver(zone))
    assert account.outcome.account is not None
    found = account.outcome.account.incoming, account.outcome.account.outgoing
    assert tuple(one.host for one in found) == hosts


D = "example.com"
CHOICES = [
    # client, SRV records by label, the servers for reading and sending
    (
        "fairemail",
        {
            "_imaps": [DnsAnswer("b.example", 10, 1, 993), DnsAnswer("a.example", 0, 1, 9993)],
            "_submissions": [DnsAnswer("s.example", 0, 1, 465)],
        },
        "imap a.example:9993 tls, smtp s.example:465 tls",
    ),
    (
        "fairemail",  # RFC 6186 s3.4: "." is no service. All else equal, _submission wins.
        {
            "_imaps": [DnsAnswer("")],
            "_imap": [DnsAnswer("i.example", 0, 1, 143)],
            "_submission": [DnsAnswer("s.example", 0, 1, 587)],
            "_submissions": [DnsAnswer("t.example", 0, 1, 465)],
        },
        "imap i.example:143 starttls, smtp s.example:587 starttls",
    ),
    (
        "fairemail",  # All else equal, _imaps wins.
        {
            "_imap": [DnsAnswer("i.example", 0, 1, 143)],
            "_imaps": [DnsAnswer("j.example", 0, 1, 993)],
            "_submissions": [DnsAnswer("t.example", 0, 1, 465)],
        },
        "imap j.example:993 tls, smtp t.example:465 tls",
    ),
    (
        "fairemail",  # The priority counts more than the weight, and the weight than the label.
        {
            "_imap": [DnsAnswer("i.example", 0, 1, 143)],
            "_imaps": [DnsAnswer("j.example", 1, 9, 993)],
            "_submission": [DnsAnswer("s.example", 0, 1, 587)],
            "_submissions": [DnsAnswer("t.example", 0, 2, 465), DnsAnswer("u.example", 0, 1, 465)],
        },
        "imap i.example:143 starttls, smtp t.example:465 tls",
    ),
    (
        "fairemail",  # It takes another port than 143 and 587 for one with TLS.
        {
            "_imap": [DnsAnswer("i.example", 0, 1, 1143)],
            "_submission": [DnsAnswer("s.example", 0, 1, 5587)],
        },
        "imap i.example:1143 tls, smtp s.example:5587 tls",
    ),
    (
        "aerc",  # The heaviest, and not the one with the lowest priority.
        {
            "_imaps": [
                DnsAnswer("a.example", 0, 1, 993),
                DnsAnswer("b.example", 5, 5, 993),
                DnsAnswer("c.example", 9, 1, 993),
            ],
            "_submission": [DnsAnswer("s.example", 0, 1, 587)],
        },
        "imap b.example:993 tls, smtp s.example:587 starttls",
    ),
    (
        "aerc",  # STARTTLS before TLS.
        {
            "_imaps": [DnsAnswer("a.example", 0, 1, 993)],
            "_imap": [DnsAnswer("b.example", 10, 1, 143)],
            "_smtps": [DnsAnswer("s.example", 0, 1, 465)],
        },
        "imap b.example:143 starttls, smtp s.example:465 tls",
    ),
    (
        "aerc",
        {"_jmap": [DnsAnswer("j.example", 0, 1, 443)]},
        "jmap j.example:443 tls, jmap j.example:443 tls",
    ),
]


@pytest.mark.parametrize(("key", "labels", "expected"), CHOICES)
def test_choice_of_several_srv_records(
    key: str, labels: dict[str, list[DnsAnswer]], expected: str
) -> None:
    """Of several SRV records, each client uses the one that its source uses."""
    zone: Zone = {("SRV", f"{label}._tcp.{D}"): tuple(found) for label, found in labels.items()}
    account = by_dns(key, zone).outcome.account
    assert f"{account}".replace(f" {ALICE}", "") == expected


BAD = [
    # client, SRV records by label: each breaks the rule in the comment
    (  # The best record has no port, and there is no second one.
        "fairemail",
        {
            "_imaps": [DnsAnswer("i.example", 0, 1, 0), DnsAnswer("j.example", 1, 1, 993)],
            "_submissions": [DnsAnswer("t.example", 0, 1, 465)],
        },
    ),
    ("fairemail", {"_imaps": [DnsAnswer("i.example", 0, 1, 993)]}),  # nothing to send with
    ("fairemail", {"_submission": [DnsAnswer("s.example", 0, 1, 587)]}),  # nothing to read with
    ("fairemail", {"_pop3s": [DnsAnswer("p.example", 0, 1, 995)]}),  # POP3, which it does not know
    ("aerc", {"_pop3s": [DnsAnswer("p.example", 0, 1, 995)]}),  # the same
    ("aerc", {"_imaps": [DnsAnswer("i.example", 0, 1, 0)]}),  # no port
]


@pytest.mark.parametrize(("key", "labels"), BAD)
def test_records_that_are_not_enough(key: str, labels: dict[str, list[DnsAnswer]]) -> None:
    """If SRV records are not enough for an account, the search continues by HTTP."""
    zone: Zone = {("SRV", f"{label}._tcp.{D}"): tuple(found) for label, found in labels.items()}

    def answer(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(200, XML, body=GOOD) if request.method == "GET" else NO_ANSWER

    outcome = run_session(
        BY_KEY[key].search(ClientUser.parse(ALICE)), answer, resolver(zone)
    ).outcome
    assert outcome.account is not None
    assert outcome.source.startswith("https://")


def only_at(host: str, method: str, body: bytes) -> Callable[[ClientRequest], ServerAnswer]:
    def answer(request: ClientRequest) -> ServerAnswer:
        is_there = (request.scheme, request.host, request.method) == ("https", host, method)
        return ServerAnswer(200, XML, body=body) if is_there else NO_ANSWER

    return answer


@pytest.mark.parametrize("key", ["outlook-for-windows", "thunderbird", "em-client"])
def test_srv_record_of_autodiscover(key: str) -> None:
    """If only DNS says where Autodiscover is, clients find the account of its answer."""
    zone = published(GOLDEN["at-home"])
    session = BY_KEY[key].search(ClientUser.parse(ALICE))
    outcome = run_session(session, only_at(PUBLIC, "POST", GOOD_POX), resolver(zone)).outcome

    assert outcome.account is not None
    assert outcome.source == f"https://{PUBLIC}{POX}"
    trusted = f"the client asks its user whether to trust {PUBLIC}"
    assert outcome.warnings == (() if key == "em-client" else (trusted,))


def test_srv_record_on_another_port() -> None:
    """Clients of Autodiscover read the host of an SRV record, and always use port 443."""
    zone: Zone = {("SRV", f"_autodiscover._tcp.{D}"): (DnsAnswer("a.example.com", 0, 1, 8443),)}
    for key in ("outlook-for-windows", "thunderbird", "em-client", "activesync-devices"):
        transcript = by_dns(key, zone)
        assert f"https://a.example.com{POX}" in {request.url for request, _ in transcript.exchanges}
        assert transcript.outcome.warnings == ()


def test_thunderbird_uses_the_lowest_weight() -> None:
    """Of several SRV records Thunderbird uses the one with the lowest weight, at any priority."""
    records = DnsAnswer("heavy.example.com", 0, 9, 443), DnsAnswer("light.example.com", 5, 1, 443)
    transcript = by_dns("thunderbird", {("SRV", f"_autodiscover._tcp.{D}"): records})
    requests = {request.host for request, _ in transcript.exchanges}
    assert "light.example.com" in requests
    assert "heavy.example.com" not in requests


HOSTER = """
[[provider]]
name = "Hoster"
domains = ["hoster.example", "customer.example"]
services = [
  { type = "imap", host = "imap.hoster.example" },
  { type = "smtp", host = "smtp.hoster.example" },
]
"""


@contextmanager
def hosted() -> Iterator[Callable[[ClientRequest], ServerAnswer]]:
    """Run Waypost for a hoster; its customers' domains have only its mail server."""
    asker = Asker(read_providers(HOSTER, name="hoster", format="toml").catalog)

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.host != "autoconfig.hoster.example" or request.scheme != "https":
            return NO_ANSWER
        got = asker.request(request.method, request.path, query=request.query, host=request.host)
        return ServerAnswer(got.status, got.headers.get("content-type", ""), body=got.body)

    try:
        yield answer
    finally:
        asker.close()


MX: Zone = {
    ("MX", "customer.example"): (
        DnsAnswer("mx2.hoster.example", 20),
        DnsAnswer("mx1.hoster.example", 10),
    ),
    ("NS", "customer.example"): (DnsAnswer("ns.hoster.example"),),
}


@pytest.mark.parametrize(
    "key", ["thunderbird", "thunderbird-for-android-and-k-9", "nextcloud-mail"]
)
def test_a_customer_is_found_by_its_mail_server(key: str) -> None:
    """If only the domain of the MX host has autoconfig, its customers find their servers."""
    with hosted() as answer:
        user = ClientUser.parse("alice@customer.example")
        transcript = run_session(BY_KEY[key].search(user), answer, resolver(MX))
    account = transcript.outcome.account
    assert account is not None
    assert (account.incoming.host, account.outgoing.host) == (
        *("imap.hoster.example", "smtp.hoster.example"),
    )
    assert account.incoming.login == "alice@customer.example"
    assert "autoconfig.hoster.example" in transcript.outcome.source


def test_a_customer_is_found_by_its_name_server() -> None:
    """If the public database answers 404, Evolution asks the domain of the name server."""
    with hosted() as answer:

        def with_database(request: ClientRequest) -> ServerAnswer:
            is_database = request.host == "autoconfig.thunderbird.net"
            return ServerAnswer(404) if is_database else answer(request)

        user = ClientUser.parse("alice@customer.example")
        search = BY_KEY["evolution"].search
        found = run_session(search(user), with_database, resolver(MX)).outcome
        without_request = run_session(search(user), answer, resolver(MX))
    assert found.account is not None
    assert found.account.incoming.host == "imap.hoster.example"
    assert without_request.outcome == Outcome(reasons=without_request.outcome.reasons)
    assert len(without_request.requests) == len(without_request.exchanges)


@pytest.mark.parametrize("key", ["thunderbird", "thunderbird-for-android-and-k-9"])
@pytest.mark.parametrize("host", ["mx.example.com", "example.com", ""])
def test_mx_host_within_the_domain(key: str, host: str) -> None:
    """With an MX host within the domain, or without one, no client asks again."""
    with_mx = by_dns(key, {("MX", D): (DnsAnswer(host, 10),)})
    without = by_dns(key, {})
    assert with_mx.requests == without.requests


def test_clients_that_look_up_only_addresses() -> None:
    """Delta Chat, KMail and Nine look up only addresses in DNS."""
    for key in ("delta-chat", "kmail", "nine", "apple-mail", "outlook-new-and-mobile"):
        transcript = by_dns(key, {})
        assert len(transcript.requests) == len(transcript.exchanges)
