"""KMail's account wizard finds servers from a running Waypost."""

import json

import pytest

from tests.clients.conftest import Front
from tests.clients.kmail import KMail, NothingFound, Server
from tests.clients.sites import THUNDERBIRD_DATABASE_HOST, WELL_KNOWN
from waypost.diagnostics.simulated_clients import KMAIL_22_12
from waypost.diagnostics.simulated_clients.session import NO_ANSWER, ClientUser, run_session

pytestmark = pytest.mark.clients


def tls(where: str, login_name: str, method: str = "plain") -> Server:
    """Return a server with TLS; the first label of its host is its kind."""
    host, _, port = where.partition(":")
    kind = {"pop": "pop3"}.get(host.partition(".")[0], host.partition(".")[0])
    return Server(kind, host, int(port), "tls", method, login_name)


@pytest.mark.parametrize(
    ("domain", "place"),
    [
        ("everywhere.example", "https://autoconfig.everywhere.example/mail/config-v1.1.xml"),
        ("by-http.example", "http://autoconfig.by-http.example/mail/config-v1.1.xml"),
        ("by-well-known.example", f"https://by-well-known.example{WELL_KNOWN}"),
    ],
)
def test_each_source_has_the_same_servers(
    kde_client: KMail, front: Front, domain: str, place: str
) -> None:
    """With any single way to Waypost, KMail offers the configured servers."""
    address = f"alice@{domain}"
    before = len(front.log.of_domain(domain))
    assert kde_client.set_up(address) == [
        tls("imap.tls.example:993", address),
        tls("smtp.tls.example:465", address),
    ]
    last = front.log.of_domain(domain, after=before)[-1]
    assert (last.status, str(last)) == (200, f"GET {place}")


def test_starttls_and_the_local_part(kde_client: KMail) -> None:
    """STARTTLS services become STARTTLS servers, with the local part as the login name."""
    host = "mail.starttls.example"
    assert kde_client.set_up("Alice+tag@starttls.example") == [
        Server("imap", host, 143, "starttls", "plain", "Alice+tag"),
        Server("smtp", host, 587, "starttls", "plain", "Alice+tag"),
    ]


@pytest.mark.rule("autoconfig-no-address")
@pytest.mark.parametrize("local_part", ["alice+lists", "Alice.B", "o'hara", "a&b=c", "100%"])
def test_local_parts_arrive_as_they_were_typed(kde_client: KMail, local_part: str) -> None:
    """KMail does not send the address, and both login names are the address as typed."""
    address = f"{local_part}@everywhere.example"
    assert [server.login_name for server in kde_client.set_up(address)] == [address, address]


def test_all_services_are_offered(kde_client: KMail) -> None:
    """KMail offers all IMAP services first, the preferred one before others, then POP3 and SMTP."""
    address = "alice@choice.example"
    assert kde_client.set_up(address) == [
        tls("imap.choice.example:993", address),
        Server("imap", "imap.choice.example", 143, "starttls", "plain", address),
        tls("pop.choice.example:995", address),
        tls("smtp.choice.example:465", address),
        Server("smtp", "smtp.choice.example", 587, "starttls", "plain", address),
    ]


def test_only_pop3(kde_client: KMail) -> None:
    """A provider without IMAP gets a POP3 account."""
    address = "alice@fetched.example"
    assert kde_client.set_up(address) == [
        tls("pop.fetched.example:995", address),
        tls("smtp.fetched.example:465", address),
    ]


@pytest.mark.parametrize(
    ("domain", "method"), [("modern.example", "OAuth2"), ("careful.example", "CramMD5")]
)
def test_other_methods_come_before_a_plain_password(
    kde_client: KMail, domain: str, method: str
) -> None:
    """KMail uses OAuth2 or CRAM-MD5 even if a plain password comes after it."""
    assert [server.method for server in kde_client.set_up(f"alice@{domain}")] == [method, method]


def test_the_public_database_comes_first(kde_client: KMail, front: Front) -> None:
    """If the public database has an answer, KMail does not ask the domain's own server."""
    domain = "unserved.example"
    before = len(front.log.of_domain(domain))
    address = f"alice@{domain}"
    assert kde_client.set_up(address) == [
        tls("imap.database.example:993", address),
        tls("smtp.database.example:465", address),
    ]
    (only,) = front.log.of_domain(domain, after=before)
    assert only.host == THUNDERBIRD_DATABASE_HOST


def test_an_a_label_is_found(kde_client: KMail) -> None:
    """A domain configured as bücher.example is found if its user types xn--bcher-kva."""
    address = "alice@xn--bcher-kva.example"
    assert kde_client.set_up(address) == [
        tls("imap.xn--bcher-kva.example:993", address),
        tls("smtp.xn--bcher-kva.example:465", address),
    ]


def test_a_u_label_is_not_found(kde_client: KMail, front: Front) -> None:
    """If the domain is typed with its umlaut, KMail sends no request to that domain."""
    before = len(front.log.requests())
    with pytest.raises(NothingFound):
        kde_client.set_up("alice@bücher.example")
    hosts = {request.host for request in front.log.requests()[before:]}
    assert hosts == {THUNDERBIRD_DATABASE_HOST}


def test_log_names_the_client(kde_client: KMail, front: Front) -> None:
    """Waypost's log distinguishes KMail from a browser."""
    before = len(front.waypost.log.read_bytes())
    kde_client.set_up("alice@by-well-known.example")
    (line,) = front.waypost.log.read_bytes()[before:].splitlines()
    assert json.loads(line)["client"] == "kmail"


def test_requests_of_kmail(kde_client: KMail, front: Front) -> None:
    """The requests are those of the record; if all fail, KMail repeats the last one."""
    typed = "Bob+tag@Asked.Example"
    before = len(front.log.requests())
    with pytest.raises(NothingFound):
        kde_client.set_up(typed)
    transcript = run_session(KMAIL_22_12.search(ClientUser.parse(typed)), lambda _: NO_ANSWER)
    recorded = [f"{request.method} {request.url}" for request, _ in transcript.exchanges]
    requests = [str(request) for request in front.log.requests()[before:]]
    assert requests[: len(recorded)] == recorded
    again = requests[len(recorded) :]
    assert again
    assert set(again) == {recorded[-1]}
