"""Tests that recorded clients get an account from Waypost; most of them cannot run here."""

from collections.abc import Iterable

import pytest

from tests.clients.foreign_documents import BY_KEY, GOOD
from tests.clients.recorded import (
    ACCOUNTS,
    CASES,
    Application,
    accounts,
    application,
    run_client,
    who_asks,
)
from tests.web.asgi import Client as Asker
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    RequestOrLookup,
    run_session,
)
from waypost.providers_file.load import read_providers

SETTING_UP = [client for client in CLIENTS if client.expects_account and not client.needs_dns]

MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
JSON = "/autodiscover/autodiscover.json"
POX = "/autodiscover/autodiscover.xml"
DATABASE = "GET https://autoconfig.thunderbird.net/v1.1/d.example"
ESCAPED = "?emailaddress=Bob%2Btag%40d.example"
AS_TYPED = "?emailaddress=Bob+tag@d.example"
BY_EMAIL = "?Email=Bob%2Btag%40d.example&Protocol="
# The hash is that of bob+tag@d.example.
HASH = "&emailmd5=9bbb80f24ca16e0c4ed8ec22d53bb2e4"
HASHED = f"{ESCAPED}{HASH}"
STANDING_IN = f"?emailaddress=EVOLUTIONUSER%40d.example{HASH}"
DATABASE_SOURCES = (
    "https://raw.githubusercontent.com/thunderbird/autoconfig/refs/heads/master/ispdb"
)
AUTOCONFIG_D = "https://autoconfig.d.example"
AUTODISCOVER_D = "https://autodiscover.d.example"

# The requests of each client for Bob+tag@d.example without answers; docs/clients.md lists them.
REQUESTS = {
    "thunderbird": [
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}{ESCAPED}",
        f"GET http://autoconfig.d.example{MAIL}{ESCAPED}",
        f"GET http://d.example{WELL_KNOWN}{ESCAPED}",
        DATABASE,
        "DNS MX d.example",
        f"POST {AUTODISCOVER_D}{POX}",
        f"POST https://d.example{POX}",
        f"POST http://autodiscover.d.example{POX}",
        "DNS SRV _autodiscover._tcp.d.example",
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
        "DNS MX d.example",
    ],
    "thunderbird-for-ios": [
        f"GET {AUTOCONFIG_D}{MAIL}{AS_TYPED}",
        f"GET https://d.example{WELL_KNOWN}",
        DATABASE,
        "DNS MX d.example",
    ],
    "fairemail": [
        "DNS SRV _imap._tcp.d.example",
        "DNS SRV _imaps._tcp.d.example",
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
    "evolution-346": [
        f"GET {AUTOCONFIG_D}{MAIL}{STANDING_IN}",
        f"GET http://autoconfig.d.example{MAIL}{STANDING_IN}",
        f"GET https://d.example{WELL_KNOWN}{STANDING_IN}",
        f"GET http://d.example{WELL_KNOWN}{STANDING_IN}",
        DATABASE,
    ],
    "kmail": [
        DATABASE,
        f"GET {AUTOCONFIG_D}{MAIL}",
        f"GET http://autoconfig.d.example{MAIL}",
        f"GET https://d.example{WELL_KNOWN}",
    ],
    "kmail-2212": [
        DATABASE,
        f"GET {AUTOCONFIG_D}{MAIL}",
        f"GET http://autoconfig.d.example{MAIL}",
        f"GET https://d.example{WELL_KNOWN}",
    ],
    "aerc": [
        *(f"DNS SRV {label}._tcp.d.example" for label in ("_jmap", "_imap", "_imaps")),
        *(f"DNS SRV {label}._tcp.d.example" for label in ("_submission", "_smtps")),
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}{ESCAPED}",
        DATABASE,
    ],
    "himalaya": [
        "DNS MX d.example",
        "GET https://ua-auto-config.d.example/.well-known/user-agent-configuration.json",
        f"GET {AUTOCONFIG_D}{MAIL}{AS_TYPED}",
        f"GET https://d.example{WELL_KNOWN}",
        "DNS TXT d.example",
        DATABASE,
        *(f"DNS SRV {label}._tcp.d.example" for label in ("_imap", "_imaps")),
        *(f"DNS SRV {label}._tcp.d.example" for label in ("_submission", "_submissions", "_jmap")),
        "GET https://d.example/.well-known/jmap",
    ],
    "nextcloud-mail": [
        f"GET {AUTOCONFIG_D}{MAIL}{AS_TYPED}",
        f"GET https://d.example{WELL_KNOWN}{AS_TYPED}",
        DATABASE,
        f"GET http://autoconfig.d.example{MAIL}{AS_TYPED}",
        f"GET http://d.example{WELL_KNOWN}{AS_TYPED}",
        "DNS MX d.example",
    ],
    "snappymail": [
        f"GET {AUTOCONFIG_D}/.well-known/mail-v1.xml?emailaddress=test%40d.example",
        f"GET https://d.example{WELL_KNOWN}",
        f"GET http://autoconfig.d.example{MAIL}",
        DATABASE,
        "DNS SRV _autodiscover._tcp.d.example",
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
        f"POST http://autodiscover.d.example{POX}",
        "DNS SRV _submissions._tcp.d.example",
        "DNS SRV _submission._tcp.d.example",
    ],
    "geary": [f"GET {AUTOCONFIG_D}{MAIL}", DATABASE],
    "claws-mail": [
        *(f"DNS SRV {label}._tcp.d.example" for label in ("_imaps", "_imap", "_submission")),
    ],
    "mailspring": [f"GET {AUTOCONFIG_D}{MAIL}", f"GET https://d.example{WELL_KNOWN}"],
    "mustang": [
        "GET https://v1.ispdb.net/d.example",
        f"GET {AUTOCONFIG_D}{MAIL}{ESCAPED}",
        f"GET https://d.example{WELL_KNOWN}",
        f"GET http://autoconfig.d.example{MAIL}",
        "DNS MX d.example",
        *(
            f"GET {place}{JSON}/v1.0/Bob+tag@d.example?Protocol={protocol}"
            for place in (AUTODISCOVER_D, "https://d.example", "http://autodiscover.d.example")
            for protocol in ("Ews", "ActiveSync", "REST")
        ),
        f"POST {AUTODISCOVER_D}{POX}",
        f"POST https://d.example{POX}",
        f"POST http://autodiscover.d.example{POX}",
    ],
    "sailfish-os": [
        f"GET {AUTOCONFIG_D}{MAIL}",
        f"GET https://d.example{WELL_KNOWN}",
        f"GET {DATABASE_SOURCES}/d.example.xml",
        DATABASE,
        f"GET http://autoconfig.d.example{MAIL}",
        f"GET http://d.example{WELL_KNOWN}",
    ],
    "outlook-for-windows": [
        f"GET {AUTODISCOVER_D}{JSON}{BY_EMAIL}Autodiscoverv1&RedirectCount=1",
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
        f"GET http://autodiscover.d.example{POX}",
        "DNS SRV _autodiscover._tcp.d.example",
    ],
    "outlook-new-and-mobile": [
        f"GET {AUTODISCOVER_D}{JSON}{BY_EMAIL}ActiveSync&RedirectCount=1",
        f"POST {AUTODISCOVER_D}{POX}",
    ],
    "em-client": [
        "DNS SRV _autodiscover._tcp.d.example",
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
    ],
    "apple-mail": [f"GET {AUTOCONFIG_D}/mobileconfig/{ESCAPED}"],
    "nine": [
        f"GET {AUTODISCOVER_D}{JSON}{BY_EMAIL}ActiveSync&RedirectCount=1",
        f"GET {AUTOCONFIG_D}/v1.1{MAIL}{AS_TYPED}",
    ],
    "activesync-devices": [
        f"POST https://d.example{POX}",
        f"POST {AUTODISCOVER_D}{POX}",
        f"GET http://autodiscover.d.example{POX}",
        "DNS SRV _autodiscover._tcp.d.example",
    ],
    "davx5": [
        *("DNS SRV _carddavs._tcp.d.example", "DNS TXT _carddavs._tcp.d.example"),
        *("PROPFIND https://d.example/.well-known/carddav", "PROPFIND https://d.example/"),
        *("DNS SRV _caldavs._tcp.d.example", "DNS TXT _caldavs._tcp.d.example"),
        *("PROPFIND https://d.example/.well-known/caldav", "PROPFIND https://d.example/"),
    ],
}


def by_name(client: SimulatedClient) -> str:
    return client.key


def lines(questions: Iterable[RequestOrLookup]) -> list[str]:
    """Return one line for each request or lookup."""
    return [
        f"{question}" if isinstance(question, DnsLookup) else f"{question.method} {question.url}"
        for question in questions
    ]


@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
def test_requests_of_each_client(client: SimulatedClient) -> None:
    """Without answers, each client sends all its requests in its order, and has no account."""
    transcript = run_session(
        client.search(ClientUser.parse("Bob+tag@d.example")), lambda _: NO_ANSWER
    )
    assert lines(transcript.requests) == REQUESTS[client.key]
    assert transcript.outcome.account is None
    assert not transcript.outcome.has_stopped


# client, the Content-Type of its POST, its address and schema
POSTS = [
    ("thunderbird", "text/xml; charset=utf-8", "outlook/responseschema/2006a"),
    ("mustang", "text/xml; charset=utf-8", "outlook/responseschema/2006a"),
    ("snappymail", "application/xml", "outlook/responseschema/2006a"),
    ("fairemail", None, "outlook/responseschema/2006a"),
    ("outlook-for-windows", "text/xml", "outlook/responseschema/2006a"),
    ("outlook-new-and-mobile", "text/xml", "mobilesync/responseschema/2006"),
    ("em-client", "text/xml", "outlook/responseschema/2006a"),
    ("activesync-devices", "text/xml", "mobilesync/responseschema/2006"),
]


@pytest.mark.parametrize(("key", "content_type", "schema"), POSTS)
def test_autodiscover_request_bodies(key: str, content_type: str | None, schema: str) -> None:
    """An Autodiscover request names the address and the schema that the client reads."""
    transcript = run_session(
        BY_KEY[key].search(ClientUser.parse("bob@d.example")), lambda _: NO_ANSWER
    )
    post = next(request for request, _ in transcript.exchanges if request.method == "POST")
    assert dict(post.headers).get("Content-Type") == content_type
    # SnappyMail sends one request for all users of a domain.
    name = b"autodiscover" if key == "snappymail" else b"bob"
    assert b"<EMailAddress>" + name + b"@d.example</EMailAddress>" in post.body
    assert schema.encode() in post.body


@pytest.mark.parametrize("case", CASES)
def test_accounts(case: str) -> None:
    """Each client has the account, or the reason, of the case's file."""
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
def test_all_clients_have_the_same_servers(
    client: SimulatedClient,
    case: str,
    incoming: tuple[str, int, str],
    outgoing: tuple[str, int, str],
) -> None:
    """If all clients can use the services, all get the same servers and the whole address."""
    outcome = run_client(client, case).outcome
    if client.key == "nine" and case == "everything":
        assert outcome.source == "https://eas.example.com/Microsoft-Server-ActiveSync"
        return
    if client.key == "himalaya" and case == "everything":
        # From /.well-known/jmap, because it refuses the document.
        assert outcome.source == "https://jmap.example.com/"
        return
    if client.key == "thunderbird-for-ios" and case == "everything":
        assert outcome.account is None
        assert "a section of the type 'jmap' makes the client refuse" in "; ".join(outcome.reasons)
        return
    account = outcome.account
    assert account is not None
    servers = [account.incoming, account.outgoing]
    assert [(server.host, server.port, server.security) for server in servers] == [
        incoming,
        outgoing,
    ]
    # Sailfish OS reads no login name.
    login = "" if client.key == "sailfish-os" else str(who_asks(case).address)
    assert {server.login for server in servers} == {login}


ADDRESS = "alice@example.com"
# Clients that use other login names than those of the document, `alice` and `mail-alice`.
OTHER_LOGINS = {
    # It uses one login name for both servers.
    "fairemail": ("alice", "alice"),
    # It knows only the address and the local part.
    "snappymail": ("alice", "alice"),
    "mailspring": ("alice", ADDRESS),
    "geary": (ADDRESS, ADDRESS),
    # It proposes the address.
    "himalaya": (ADDRESS, ADDRESS),
    # It reads no login name.
    "sailfish-os": ("", ""),
}


@pytest.mark.parametrize("client", SETTING_UP, ids=by_name)
def test_login_name_is_the_local_part(client: SimulatedClient) -> None:
    """A login name that is no address reaches each client that reads it, for both servers."""
    outcome = run_client(client, "login-is-local-part").outcome
    account = outcome.account
    assert account is not None
    logins = OTHER_LOGINS.get(client.key, ("alice", "mail-alice"))
    assert (account.incoming.login, account.outgoing.login) == logins
    # Clients that can detect the wrong login name have a warning.
    reads_them = client.key in OTHER_LOGINS and client.key not in {"sailfish-os", "himalaya"}
    assert bool(outcome.warnings) == reads_them


HOST_OF_EACH = """
[[provider]]
name = "Boxes"
domains = ["example.com"]
services = [
  { type = "imap", host = "%EMAILLOCALPART%.box.example.com" },
  { type = "smtp", host = "%EMAILLOCALPART%.%EMAILDOMAIN%", login_name = "%EMAILLOCALPART%" },
]
"""


# These send no address, or one for all users, and replace no placeholder.
SAME_HOST_FOR_ALL = {"snappymail", "geary", "mailspring", "sailfish-os"}


@pytest.mark.rule("autoconfig-stand-in")
@pytest.mark.parametrize("client", SETTING_UP, ids=by_name)
def test_host_made_of_the_local_part(client: SimulatedClient) -> None:
    """A host that differs by user reaches clients that send the address, and no other client."""
    asker = Asker(read_providers(HOST_OF_EACH, name="boxes", format="toml").catalog)
    running = Application(asker, "example.com")
    account = run_session(
        client.search(ClientUser.parse("alice@example.com")), running.answer
    ).outcome.account
    asker.close()
    if client.key in SAME_HOST_FOR_ALL:
        assert account is None
        return
    assert account is not None
    assert account.incoming.host == "alice.box.example.com"
    # FairEmail uses the same login name for sending and reading; himalaya proposes the address.
    login = ADDRESS if client.key in {"fairemail", "himalaya"} else "alice"
    assert (account.outgoing.host, account.outgoing.login) == ("alice.example.com", login)


@pytest.mark.rule("autoconfig-not-served-404")
@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
@pytest.mark.parametrize("case", ["not-served", "no-service"])
def test_searches_continue_after_404(client: SimulatedClient, case: str) -> None:
    """If Waypost has no configuration, each client continues to its last source."""
    with application(case) as running:
        user = who_asks(case)
        transcript = run_session(client.search(user), running.answer)
        silent = run_session(client.search(user), lambda _: NO_ANSWER)
    assert transcript.outcome.account is None
    assert not transcript.outcome.has_stopped
    requests = {request.url for request, _ in transcript.exchanges}
    assert {request.url for request, _ in silent.exchanges} <= requests


@pytest.mark.rule("autoconfig-old-urls")
def test_url_of_nine() -> None:
    """Nine's URL returns the same bytes as the draft's URL."""
    with application("at-home") as running:
        path = "/v1.1/mail/config-v1.1.xml?emailaddress=alice@example.com"
        answer = running.answer(ClientRequest.get(f"https://autoconfig.example.com{path}"))
    assert (answer.status, answer.body) == (200, GOOD)


@pytest.mark.rule("autodiscover-dav")
def test_em_client_finds_calendars() -> None:
    """EM Client also sets up the calendars and address books that Autodiscover names."""
    outcome = run_client(BY_KEY["em-client"], "everything").outcome
    assert outcome.account is not None
    assert outcome.other_services == (
        "caldav https://dav.example.com/c/",
        "carddav https://dav.example.com/a/",
    )


@pytest.mark.rule("autoconfig-u-label-domain")
@pytest.mark.parametrize("key", ["sailfish-os", "mustang"])
@pytest.mark.parametrize("typed", ["alice@b\u00fccher.example", "alice@xn--bcher-kva.example"])
def test_an_internationalised_domain_as_it_was_typed(key: str, typed: str) -> None:
    """Clients that compare `domain` with the typed domain find both forms of it."""
    with application("idn-domain") as running:
        outcome = run_session(BY_KEY[key].search(ClientUser.parse(typed)), running.answer).outcome
    assert outcome.account is not None
    assert outcome.account.incoming.host == "imap.xn--bcher-kva.example"


@pytest.mark.rule("autoconfig-only-the-asked-domain")
@pytest.mark.parametrize("key", ["sailfish-os", "mustang"])
def test_a_domain_of_a_pattern(key: str) -> None:
    """A domain that matches a pattern is named itself, because some clients compare it."""
    outcome = run_client(BY_KEY[key], "any-below").outcome
    assert outcome.account is not None


@pytest.mark.parametrize(("key", "is_found"), [("sailfish-os", False), ("mustang", True)])
def test_a_domain_in_capitals(key: str, is_found: bool) -> None:
    """Sailfish OS compares the case of the typed domain, which no request contains."""
    with application("at-home") as running:
        session = BY_KEY[key].search(ClientUser.parse("alice@Example.com"))
        outcome = run_session(session, running.answer).outcome
    assert (outcome.account is not None) == is_found


@pytest.mark.rule("dns-dav-well-known")
def test_davx5_finds_calendars() -> None:
    """DAVx5 finds the common root of calendars and address books without any DNS record."""
    outcome = run_client(BY_KEY["davx5"], "everything").outcome
    assert outcome.other_services == (
        "carddav https://dav.example.com/a/",
        "caldav https://dav.example.com/c/",
    )
    assert run_client(BY_KEY["davx5"], "at-home").outcome.other_services == ()


@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
def test_weaker_evidence_is_documented(client: SimulatedClient) -> None:
    """A client that was neither seen nor read has evidence for each part, and assumptions."""
    # The records of these two are what Microsoft and Apple publish.
    if client.basis in {"doc", "log"} and client.key not in {"outlook-for-windows", "apple-mail"}:
        assert client.evidence
        assert client.assumed
