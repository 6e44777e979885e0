"""Geary sets up accounts from a running Waypost."""

import json

import pytest

from tests.clients.conftest import Front, MailServers
from tests.clients.geary import Account, AddressRefused, Geary, Server
from tests.clients.sites import THUNDERBIRD_DATABASE_HOST
from tests.servers.login import Login

pytestmark = pytest.mark.clients

AUTOCONFIG = "/mail/config-v1.1.xml"


def tls(imap: str, smtp: str, login_name: str) -> Account:
    """Return an account whose servers use TLS from the first byte."""
    return Account(Server(imap, "tls", login_name), Server(smtp, "tls", login_name))


def guessed(address: str) -> Account:
    """Return the proposal of Geary if it finds nothing."""
    domain = address.partition("@")[2]
    imap, smtp = (
        Server(f"{kind}.{domain}", "tls", address, is_guess=True) for kind in ("imap", "smtp")
    )
    return Account(imap, smtp)


def requests_to(front: Front, domain: str, *, after: int) -> list[tuple[str, int]]:
    """Return the requests about a domain, and how each was answered."""
    return [(f"{request}", request.status) for request in front.log.of_domain(domain, after=after)]


def test_login_needs_only_a_password(
    gtk_client: Geary, front: Front, mail_servers: MailServers
) -> None:
    """A name, an address and a password are enough: Geary logs in and saves the account."""
    domain = "everywhere.example"
    address = f"alice@{domain}"
    before = len(front.log.of_domain(domain))
    account = gtk_client.log_in(address)
    assert account == tls("imap.tls.example:993", "smtp.tls.example:465", address)
    assert mail_servers.imap.logins()[-1] == Login("imap.tls.example", 993, address)
    url = f"GET https://autoconfig.{domain}{AUTOCONFIG}"
    assert requests_to(front, domain, after=before) == [(url, 200)]


def test_starttls_and_the_address(gtk_client: Geary) -> None:
    """Geary uses STARTTLS, with the address as the login name, whatever the document says."""
    address = "Alice+tag@starttls.example"
    host = "mail.starttls.example"
    assert gtk_client.search(address) == Account(
        Server(f"{host}:143", "starttls", address), Server(f"{host}:587", "starttls", address)
    )


@pytest.mark.parametrize("domain", ["by-http.example", "by-well-known.example"])
def test_only_the_first_url_is_requested(gtk_client: Geary, front: Front, domain: str) -> None:
    """Without https://autoconfig.D Geary asks the public database, and then guesses."""
    address = f"alice@{domain}"
    before = len(front.log.of_domain(domain))
    assert gtk_client.search(address) == guessed(address)
    url = f"GET https://{THUNDERBIRD_DATABASE_HOST}/v1.1/{domain}"
    assert requests_to(front, domain, after=before) == [(url, 404)]


@pytest.mark.parametrize("domain", ["unserved.example", "declined.example", "elsewhere.example"])
def test_unserved_domain_is_found_in_the_public_database(
    gtk_client: Geary, front: Front, domain: str
) -> None:
    """The body of Waypost's 404 is no XML, so Geary asks the public database."""
    address = f"alice@{domain}"
    before = len(front.log.of_domain(domain))
    account = gtk_client.search(address)
    assert account == tls("imap.database.example:993", "smtp.database.example:465", address)
    assert [status for _, status in requests_to(front, domain, after=before)] == [404, 200]


def test_only_pop3_is_refused(gtk_client: Geary) -> None:
    """Geary does not support POP3, and guesses if the first incoming server is not IMAP."""
    address = "alice@fetched.example"
    assert gtk_client.search(address) == guessed(address)


@pytest.mark.parametrize("name", ["choice", "groupware", "modern", "known"])
def test_imap_comes_first(gtk_client: Geary, name: str) -> None:
    """Waypost lists IMAP first even if POP3, EWS or OAuth2 is configured first."""
    address = f"alice@{name}.example"
    account = tls(f"imap.{name}.example:993", f"smtp.{name}.example:465", address)
    assert gtk_client.search(address) == account


def test_unusual_ports(gtk_client: Geary) -> None:
    """Geary gets an unusual port and a host made from the domain."""
    address = "alice@careful.example"
    account = tls("imap.careful.example:10993", "smtp.careful.example:10465", address)
    assert gtk_client.search(address) == account


def test_host_that_differs_by_user_is_not_found(gtk_client: Geary) -> None:
    """Geary sends no address and replaces no placeholder, so it cannot use a user's own host."""
    address = "alice@boxes.example"
    account = gtk_client.search(address)
    assert account == tls("%EMAILLOCALPART%.boxes.example:993", "smtp.boxes.example:465", address)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_followed(gtk_client: Geary, status: int) -> None:
    """A web server may redirect Geary to another host."""
    address = f"alice@redirected-{status}.example"
    account = tls("imap.hoster.example:993", "smtp.hoster.example:465", address)
    assert gtk_client.search(address) == account


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("EVERYWHERE.Example", "tls.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_uppercase_and_internationalised_domains(gtk_client: Geary, domain: str, name: str) -> None:
    """Geary finds a domain in capitals, and an internationalised domain by its A-label."""
    address = f"Alice@{domain}"
    account = tls(f"imap.{name}:993", f"smtp.{name}:465", address)
    assert gtk_client.search(address) == account


def test_a_u_label_is_refused(gtk_client: Geary, front: Front) -> None:
    """Geary refuses an address whose domain has an umlaut, and sends no request."""
    before = len(front.log.requests())
    with pytest.raises(AddressRefused):
        gtk_client.search("alice@bücher.example")
    assert front.log.requests()[before:] == []


def test_log_does_not_name_the_client(gtk_client: Geary, front: Front) -> None:
    """Geary sends no User-Agent, so Waypost's log has no name for it."""
    before = len(front.waypost.log.read_bytes())
    gtk_client.search("alice@everywhere.example")
    (line,) = front.waypost.log.read_bytes()[before:].splitlines()
    assert json.loads(line)["client"] == "none"
