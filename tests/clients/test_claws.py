"""Claws Mail sets up accounts from the zones that Waypost shows."""

import pytest

from tests.clients.claws import Account, Claws, Server
from tests.clients.conftest import Front, MailServers
from tests.servers.login import Login
from tests.servers.named import Named

pytestmark = pytest.mark.clients


def requests_to(server: Named, domain: str, *, after: int) -> set[str]:
    """Return the labels of the SRV records that were looked up."""
    end = f"._tcp.{domain} SRV"
    return {query.removesuffix(end) for query in server.queries()[after:] if query.endswith(end)}


def test_published_zone_is_enough_for_a_login(
    claws_client: Claws, front: Front, name_server: Named, mail_servers: MailServers
) -> None:
    """It finds both servers by the SRV records of `waypost show dns`, and logs in."""
    address = "alice@hosted.example"
    before, answered = len(name_server.queries()), len(front.log.requests())
    assert claws_client.log_in(address) == Account(
        Server("imap.hoster.example", "tls", address),
        Server("smtp.hoster.example:587", "starttls", address),
    )
    assert mail_servers.imap.logins()[-1] == Login("imap.hoster.example", 993, address)
    # It looks up no `_submissions` (RFC 8314 s5.1), and requests no URL.
    assert requests_to(name_server, "hosted.example", after=before) == {"_imaps", "_submission"}
    assert front.log.requests()[answered:] == []


def test_service_with_target_dot_is_skipped(claws_client: Claws, name_server: Named) -> None:
    """If `_imaps` has the target ".", it uses `_imap` and STARTTLS; the login is the address."""
    address = "alice@starttls.example"
    before = len(name_server.queries())
    host = "mail.starttls.example"
    assert claws_client.search(address) == Account(
        Server(host, "starttls", address), Server(f"{host}:587", "starttls", address)
    )
    labels = requests_to(name_server, "starttls.example", after=before)
    assert labels == {"_imaps", "_imap", "_submission"}


@pytest.mark.parametrize("domain", ["everywhere.example", "by-records.example"])
def test_sending_only_by_port_465_is_not_found(
    claws_client: Claws, name_server: Named, domain: str
) -> None:
    """It does not look up `_submissions`, and finds a server for sending only on port 587."""
    before = len(name_server.queries())
    account = claws_client.search(f"alice@{domain}")
    assert account.receiving
    assert account.sending is None
    assert requests_to(name_server, domain, after=before) == {"_imaps", "_submission"}


def test_pop3_that_is_not_offered(claws_client: Claws, name_server: Named) -> None:
    """With POP3, which the wizard proposes, it finds nothing if both labels have the target "."."""
    before = len(name_server.queries())
    account = claws_client.search("alice@hosted.example", "POP3")
    assert account.receiving is None
    assert account.sending
    labels = requests_to(name_server, "hosted.example", after=before)
    assert labels == {"_pop3s", "_pop3", "_submission"}


def test_a_domain_without_records(claws_client: Claws) -> None:
    """If DNS has no SRV records for mail, it finds nothing."""
    assert claws_client.search("alice@by-srv.example") == Account(None, None)
