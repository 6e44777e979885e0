"""Evolution finds accounts from a running Waypost."""

import hashlib

import pytest

from tests.clients.conftest import Front
from tests.clients.evolution import Account, Evolution, Lookup, NothingFound, Server
from tests.clients.published import Zone, resolver
from tests.clients.sites import THUNDERBIRD_DATABASE_HOST, WELL_KNOWN
from tests.servers.nginx import Request
from waypost.diagnostics.simulated_clients import EVOLUTION_3_46
from waypost.diagnostics.simulated_clients.dns import DnsAnswer
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)

pytestmark = pytest.mark.clients


def tls(kind: str, where: str, login_name: str) -> Server:
    """Return a server with a plain password inside TLS."""
    host, _, port = where.partition(":")
    return Server(kind, host, int(port), "tls", "LOGIN" if kind == "smtp" else "", login_name)


def requests_to(front: Front, domain: str, *, after: int) -> list[Request]:
    """Return the requests about a domain, in their order, without the first ones."""
    return front.log.of_domain(domain, after=after)


@pytest.mark.parametrize(
    ("domain", "place"),
    [
        ("everywhere.example", "https://autoconfig.everywhere.example/mail/config-v1.1.xml"),
        ("by-http.example", "http://autoconfig.by-http.example/mail/config-v1.1.xml"),
        ("by-well-known.example", f"https://by-well-known.example{WELL_KNOWN}"),
        ("by-http-well-known.example", f"http://by-http-well-known.example{WELL_KNOWN}"),
    ],
)
def test_each_source_has_the_same_account(
    gnome_client: Evolution, front: Front, domain: str, place: str
) -> None:
    """With any single way to Waypost, Evolution sets up the configured servers."""
    address = f"alice@{domain}"
    before = len(front.log.of_domain(domain))
    assert gnome_client.set_up(address) == Account(
        tls("imap", "imap.tls.example:993", address), tls("smtp", "smtp.tls.example:465", address)
    )
    last = requests_to(front, domain, after=before)[-1]
    assert (last.status, str(last).partition("?")[0]) == (200, f"GET {place}")


def test_the_address_is_not_sent(gnome_client: Evolution, front: Front) -> None:
    """Requests contain EVOLUTIONUSER and a hash of the address; the account has the address."""
    domain = "everywhere.example"
    address = f"Not.Sent+tag@{domain}"
    before = len(front.log.of_domain(domain))
    account = gnome_client.set_up(address)
    (only,) = requests_to(front, domain, after=before)
    digest = hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()
    assert only.target.partition("?")[2] == (
        f"emailaddress=EVOLUTIONUSER%40{domain}&emailmd5={digest}"
    )
    assert account.incoming
    assert account.outgoing
    assert [account.incoming.login_name, account.outgoing.login_name] == [address, address]


def test_starttls_and_the_local_part(gnome_client: Evolution) -> None:
    """STARTTLS services become STARTTLS servers, with the local part as the login name."""
    host = "mail.starttls.example"
    assert gnome_client.set_up("Alice+tag@starttls.example") == Account(
        Server("imap", host, 143, "starttls", "", "Alice+tag"),
        Server("smtp", host, 587, "starttls", "LOGIN", "Alice+tag"),
    )


def test_host_that_differs_by_user(gnome_client: Evolution) -> None:
    """If each user has their own host, Evolution puts the user's name into the host name."""
    address = "alice@boxes.example"
    assert gnome_client.set_up(address) == Account(
        tls("imap", "alice.boxes.example:993", address),
        tls("smtp", "smtp.boxes.example:465", address),
    )


@pytest.mark.parametrize("local_part", ["alice+lists", "Alice.B", "o'hara", "a&b=c", "100%"])
def test_local_parts_arrive_as_they_were_typed(gnome_client: Evolution, local_part: str) -> None:
    """A local part that needs escaping in a URL is unchanged in both login names."""
    address = f"{local_part}@everywhere.example"
    account = gnome_client.set_up(address)
    assert account == Account(
        tls("imap", "imap.tls.example:993", address), tls("smtp", "smtp.tls.example:465", address)
    )


@pytest.mark.parametrize(
    ("typed", "login_domain", "name"),
    [
        # Evolution inserts what was typed.
        ("EVERYWHERE.Example", "EVERYWHERE.Example", "tls.example"),
        ("bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_uppercase_and_internationalised_domains(
    gnome_client: Evolution, typed: str, login_domain: str, name: str
) -> None:
    """A domain in capitals is found; a domain with an umlaut becomes an A-label, also to log in."""
    address = f"Alice@{login_domain}"
    assert gnome_client.set_up(f"Alice@{typed}") == Account(
        tls("imap", f"imap.{name}:993", address), tls("smtp", f"smtp.{name}:465", address)
    )


def test_only_pop3(gnome_client: Evolution) -> None:
    """A provider without IMAP gets a POP3 account."""
    address = "alice@fetched.example"
    assert gnome_client.set_up(address) == Account(
        tls("pop3", "pop.fetched.example:995", address),
        tls("smtp", "smtp.fetched.example:465", address),
    )


def test_the_last_service_of_a_type_is_taken(gnome_client: Evolution) -> None:
    """If there are several services, Evolution prefers IMAP, and uses the last IMAP service."""
    account = gnome_client.set_up("alice@choice.example")
    assert account.incoming
    assert (account.incoming.kind, account.incoming.port) == ("imap", 143)


def test_directory_login_name_is_not_used(gnome_client: Evolution) -> None:
    """A login name from a directory does not reach Evolution, so it uses the address."""
    address = "alice@known.example"
    assert gnome_client.set_up(address) == Account(
        tls("imap", "imap.known.example:993", address),
        tls("smtp", "smtp.known.example:465", address),
    )


@pytest.mark.rule("autoconfig-stand-in")
def test_a_domain_that_declines_unknown_users(gnome_client: Evolution) -> None:
    """A domain that declines unknown users still answers a request without the user's name."""
    address = "alice@strict.example"
    assert gnome_client.set_up(address) == Account(
        tls("imap", "imap.known.example:993", address),
        tls("smtp", "smtp.known.example:465", address),
    )


def test_a_document_without_services_ends_the_search(gnome_client: Evolution, front: Front) -> None:
    """The first XML success ends the search, so a served domain needs a complete answer."""
    domain = "without-sending.example"
    before = len(front.log.of_domain(domain))
    account = gnome_client.set_up(f"alice@{domain}")
    assert account.incoming
    assert account.outgoing is None
    assert len(requests_to(front, domain, after=before)) == 1


def test_unserved_domain_is_found_in_the_public_database(
    gnome_client: Evolution, front: Front
) -> None:
    """With Waypost's 404 on all four URLs, Evolution uses the public database's answer."""
    domain = "unserved.example"
    before = len(front.log.of_domain(domain))
    address = f"alice@{domain}"
    assert gnome_client.set_up(address) == Account(
        tls("imap", "imap.database.example:993", address),
        tls("smtp", "smtp.database.example:465", address),
    )
    statuses = [request.status for request in requests_to(front, domain, after=before)]
    assert statuses == [404, 404, 404, 404, 200]


def test_unknown_domain(gnome_client: Evolution) -> None:
    """A domain that neither Waypost nor the public database serves gets no account."""
    with pytest.raises(NothingFound):
        gnome_client.set_up("alice@unknown.example")


def test_name_server_of_a_hoster(gnome_client: Evolution, front: Front) -> None:
    """If a customer's domain has only a name server, it gets the hoster's configuration."""
    domain = "by-ns.example"
    address = f"alice@{domain}"
    before = len(front.log.requests())
    assert gnome_client.set_up(address) == Account(
        tls("imap", "imap.hoster.example:993", address),
        # The last of two; see test_the_last_service_of_a_type_is_taken.
        Server("smtp", "smtp.hoster.example", 587, "starttls", "LOGIN", address),
    )
    requests = [str(request) for request in front.log.requests()[before:]]

    def failing(request: ClientRequest) -> ServerAnswer:
        return ServerAnswer(404) if request.host == THUNDERBIRD_DATABASE_HOST else NO_ANSWER

    zone: Zone = {("NS", domain): (DnsAnswer("ns.hoster.example"),)}
    transcript = run_session(
        EVOLUTION_3_46.search(ClientUser.parse(address)), failing, resolver(zone)
    )
    recorded = [f"{request.method} {request.url}" for request, _ in transcript.exchanges]
    # Most of these hosts do not exist.
    assert requests == [one for one in recorded if one in requests]
    digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
    assert requests[-1] == (
        "GET https://autoconfig.hoster.example/mail/config-v1.1.xml"
        f"?emailaddress=EVOLUTIONUSER%40hoster.example&emailmd5={digest}"
    )


@pytest.mark.rule("dns-mail-labels", "dns-submissions", "dns-dav-labels", "dns-dav-path")
def test_the_published_records_are_enough(gnome_client: Evolution, front: Front) -> None:
    """The SRV records in DNS are enough to find mail, calendars and contacts."""
    address = "alice@by-records.example"
    before = len(front.log.requests())
    found = gnome_client.look_up(address)
    assert found == Lookup(
        Account(
            tls("imap", "imap.hoster.example:993", address),
            Server("smtp", "smtp.hoster.example", 465, "tls", "PLAIN", address),
        ),
        calendars=["https://dav.hoster.example/calendars/"],
        contacts=["https://dav.hoster.example/contacts/"],
    )
    assert not any(request.status == 200 for request in front.log.requests()[before:])


def test_the_document_comes_before_the_records(gnome_client: Evolution) -> None:
    """The document has priority over DNS, for example for a login name that is no address."""
    host = "mail.starttls.example"
    assert gnome_client.look_up("alice@starttls.example").account == Account(
        Server("imap", host, 143, "starttls", "", "alice"),
        Server("smtp", host, 587, "starttls", "LOGIN", "alice"),
    )


def test_a_renamed_domain_logs_in_with_the_new_address(gnome_client: Evolution) -> None:
    """With `redirect_address` the old address gets the servers and login names of the new one."""
    address = "alice@everywhere.example"
    assert gnome_client.set_up("alice@renamed.example") == Account(
        tls("imap", "imap.tls.example:993", address), tls("smtp", "smtp.tls.example:465", address)
    )


def test_requests_of_evolution(gnome_client: Evolution, front: Front) -> None:
    """The requests are those of the record, in its order, with the domain as typed."""
    typed = "Bob+tag@Asked.Example"
    before = len(front.log.requests())
    with pytest.raises(NothingFound):
        gnome_client.set_up(typed)
    transcript = run_session(EVOLUTION_3_46.search(ClientUser.parse(typed)), lambda _: NO_ANSWER)
    recorded = [f"{request.method} {request.url}" for request, _ in transcript.exchanges]
    assert [str(request) for request in front.log.requests()[before:]] == recorded
