"""Delta Chat sets up accounts from a running Waypost, and logs in."""

import pytest

from tests.clients.conftest import Front, MailServers
from tests.clients.deltachat import DeltaChat
from tests.servers.login import Login

pytestmark = pytest.mark.clients

# No other test uses this local part.
USER = "chatter+tag"
QUERY = "?emailaddress=chatter%2Btag%40"


def requests_to(front: Front, domain: str, *, after: int) -> list[str]:
    """Return the requests to a domain's hosts, in their order, without the first ones."""
    return [f"{request} {request.status}" for request in front.log.of_domain(domain, after=after)]


def test_the_first_url_is_enough(
    chat_client: DeltaChat, front: Front, mail_servers: MailServers
) -> None:
    """With autoconfig.D, Delta Chat finds the servers with one request, and logs in."""
    domain = "everywhere.example"
    before = len(front.log.of_domain(domain))
    used = chat_client.set_up(f"{USER}@{domain}")
    assert "imap:[imap.tls.example:993:tls] smtp:[smtp.tls.example:465:tls]" in used
    assert requests_to(front, domain, after=before) == [
        f"GET https://autoconfig.{domain}/mail/config-v1.1.xml{QUERY}{domain} 200"
    ]
    address = f"{USER}@{domain}"
    assert mail_servers.imap.logins()[-1] == Login("imap.tls.example", 993, address)
    assert mail_servers.smtp.logins[-1] == Login("smtp.tls.example", 465, address)


def test_the_well_known_url_is_next(chat_client: DeltaChat, front: Front) -> None:
    """Without autoconfig.D, the well-known URL without an address is enough."""
    domain = "by-well-known.example"
    before = len(front.log.of_domain(domain))
    used = chat_client.set_up(f"{USER}@{domain}")
    assert "imap:[imap.tls.example:993:tls] smtp:[smtp.tls.example:465:tls]" in used
    assert requests_to(front, domain, after=before) == [
        f"GET https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml 200"
    ]


@pytest.mark.rule("autoconfig-no-address")
def test_placeholders_become_the_login_name(
    chat_client: DeltaChat, mail_servers: MailServers
) -> None:
    """At the well-known URL Delta Chat sends no address, so the answer has a placeholder."""
    address = f"{USER}@by-well-known.example"
    chat_client.set_up(address)
    assert mail_servers.imap.logins()[-1].login_name == address
    assert mail_servers.smtp.logins[-1].login_name == address


def test_starttls_and_the_local_part(chat_client: DeltaChat, mail_servers: MailServers) -> None:
    """Delta Chat uses STARTTLS, with the local part as the login name."""
    used = chat_client.set_up(f"{USER}@starttls.example")
    host = "mail.starttls.example"
    assert f"imap:[{host}:143:starttls] smtp:[{host}:587:starttls]" in used
    imap, smtp = mail_servers.imap.logins()[-1], mail_servers.smtp.logins[-1]
    assert (imap.port, imap.login_name) == (143, USER)
    assert (smtp.port, smtp.login_name) == (587, USER)


@pytest.mark.rule("autodiscover-get", "autoconfig-not-served-404", "autoconfig-then-get-is-refused")
def test_unserved_domain_is_found_in_the_public_database(
    chat_client: DeltaChat, front: Front
) -> None:
    """For a domain that is not served no answer is a 2xx, so Delta Chat asks the database."""
    domain = "unserved.example"
    before = len(front.log.of_domain(domain))
    used = chat_client.set_up(f"{USER}@{domain}")
    assert "imap:[imap.database.example:993:tls] smtp:[smtp.database.example:465:tls]" in used
    assert requests_to(front, domain, after=before) == [
        f"GET https://autoconfig.{domain}/mail/config-v1.1.xml{QUERY}{domain} 404",
        f"GET https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml 404",
        f"GET https://{domain}/autodiscover/autodiscover.xml 405",
        f"GET https://autodiscover.{domain}/autodiscover/autodiscover.xml 405",
        f"GET https://autoconfig.thunderbird.net/v1.1/{domain} 200",
    ]
