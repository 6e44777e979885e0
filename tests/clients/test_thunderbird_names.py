"""Thunderbird finds Waypost by DNS: aliases, MX and SRV records."""

import pytest

from tests.clients.conftest import Front
from tests.clients.thunderbird import Account, Thunderbird, found, with_password

pytestmark = pytest.mark.clients


def hosted(address: str, source: str) -> Account:
    """Return the expected account of each customer of the hoster."""
    return Account(
        address=address,
        incoming=with_password("imap", "imap.hoster.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.hoster.example:465", "SSL", address),
        source=source,
        alternatives=(),
    )


def good(front: Front, domain: str, *, after: int) -> list[str]:
    """Return the successful requests to a domain's hosts, without the first ones."""
    requests = front.log.of_domain(domain, after=after)
    return sorted(str(request) for request in requests if request.status == 200)


def test_the_published_zone_is_enough(mail_client: Thunderbird) -> None:
    """With only the DNS records of `waypost show dns`, Thunderbird finds the servers."""
    address = "alice@hosted.example"
    assert mail_client.set_up(address) == hosted(address, "xml-from-isp-https")


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        ("by-mx.example", ["autoconfig.hoster.example"]),
        ("by-mx-below.example", ["autoconfig.hoster.example", "autoconfig.in.hoster.example"]),
    ],
)
def test_mx_record_of_a_hoster(
    mail_client: Thunderbird, front: Front, domain: str, hosts: list[str]
) -> None:
    """For a customer that has only an MX record, Thunderbird uses the hoster's Waypost."""
    before = len(front.log.of_domain("hoster.example"))
    address = f"alice@{domain}"
    assert mail_client.set_up(address) == hosted(address, "xml-from-isp-https")
    query = f"?emailaddress=alice%40{domain}"
    assert good(front, "hoster.example", after=before) == [
        f"GET https://{host}/mail/config-v1.1.xml{query}" for host in hosts
    ]


def test_public_database_of_the_mx_host(mail_client: Thunderbird) -> None:
    """If Waypost does not serve the hoster of the MX host, the public database is used."""
    address = "alice@by-database-mx.example"
    account = found(mail_client.set_up(address))
    assert account.source == "xml-from-db"
    assert account.incoming == with_password("imap", "imap.database.example:993", "SSL", address)


@pytest.mark.parametrize(
    ("domain", "trusted"), [("by-srv.example", "hoster.example"), ("by-own-srv.example", "")]
)
def test_srv_record_of_autodiscover(mail_client: Thunderbird, domain: str, trusted: str) -> None:
    """The SRV record is enough; for a host of another domain, Thunderbird asks its user first."""
    address = f"alice@{domain}"
    assert mail_client.set_up(address, trusted=trusted) == hosted(address, "exchange-from-srv")


def test_srv_record_of_another_domain_needs_consent(mail_client: Thunderbird, front: Front) -> None:
    """If the user does not agree, Thunderbird sends no request to the hoster's domain."""
    before = len(front.log.of_domain("hoster.example"))
    assert mail_client.set_up("alice@by-srv.example") is None
    assert front.log.of_domain("hoster.example", after=before) == []
