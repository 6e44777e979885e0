"""Redirects of Thunderbird: by HTTP, by Autodiscover, and to its database if Waypost refuses."""

import pytest

from tests.clients.conftest import Front
from tests.clients.thunderbird import PASSWORD, Account, Thunderbird, found, with_password

pytestmark = pytest.mark.clients


def at_home(address: str, source: str, login_name: str = "") -> Account:
    """Return the account of the provider "TLS Mail" for an address."""
    login_name = login_name or address
    return Account(
        address=address,
        incoming=with_password("imap", "imap.tls.example:993", "SSL", login_name),
        outgoing=with_password("smtp", "smtp.tls.example:465", "SSL", login_name),
        source=source,
        alternatives=(),
    )


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("redirected-301", "xml-from-isp-https", "https://autoconfig"),
        ("redirected-302", "xml-from-isp-https", "https://autoconfig"),
        ("redirected-307", "xml-from-isp-https", "https://autoconfig"),
        ("redirected-308", "xml-from-isp-https", "https://autoconfig"),
        ("redirected-well-known", "xml-from-isp-https", "https://autoconfig"),
        ("redirected-to-http", "xml-from-isp-https", "http://autoconfig"),
        ("redirected-to-https", "xml-from-isp-http", "https://autoconfig"),
    ],
)
def test_redirects_of_the_web_server(
    mail_client: Thunderbird, front: Front, name: str, source: str, target: str
) -> None:
    """A web server may redirect Autoconfig to another host, also from https to http."""
    before = len(front.log.of_domain("hoster.example"))
    address = f"alice+tag@{name}.example"
    assert mail_client.set_up(address) == at_home(address, source)
    (requests,) = front.log.of_domain("hoster.example", after=before)
    assert str(requests).startswith(f"GET {target}.hoster.example/")
    assert requests.target.endswith(f"?emailaddress=alice%2Btag%40{name}.example")


def test_autodiscover_redirect_from_http(mail_client: Thunderbird) -> None:
    """Thunderbird follows a redirect of http://autodiscover.D to https after its user agrees."""
    address = "alice@redirected-autodiscover.example"
    assert mail_client.set_up(address) is None
    account = mail_client.set_up(address, trusted="hoster.example")
    assert account == at_home(address, "exchange-from-url3")


def test_password_is_not_sent_to_another_domain(mail_client: Thunderbird, front: Front) -> None:
    """If https://autodiscover.D redirects, a password is sent on only after the user agrees."""
    address = "alice@redirected-tls.example"
    before = len(front.log.of_domain("hoster.example"))
    assert mail_client.set_up(address, search_password=PASSWORD) is None
    requests = front.log.of_domain("hoster.example", after=before)
    assert [request.method for request in requests] == ["GET"]
    account = mail_client.set_up(address, search_password=PASSWORD, trusted="hoster.example")
    assert account == at_home(address, "exchange-from-url1")


@pytest.mark.parametrize(
    ("domain", "moved_to", "source"),
    [
        ("renamed.example", "everywhere.example", "xml-from-isp-https"),
        ("renamed-autodiscover.example", "by-autodiscover.example", "exchange-from-url1"),
    ],
)
def test_a_renamed_domain_logs_in_with_the_new_address(
    mail_client: Thunderbird, domain: str, moved_to: str, source: str
) -> None:
    """With `redirect_address` the old address gets the servers and login names of the new one."""
    address = f"alice+tag@{domain}"
    account = mail_client.set_up(address)
    assert account == at_home(address, source, login_name=f"alice+tag@{moved_to}")


@pytest.mark.parametrize("domain", ["declined.example", "elsewhere.example"])
def test_domains_elsewhere_are_found_in_the_public_database(
    mail_client: Thunderbird, domain: str
) -> None:
    """With `declined` or `redirect_url`, Thunderbird still uses the public database."""
    address = f"alice@{domain}"
    account = found(mail_client.set_up(address))
    assert account.source == "xml-from-db"
    assert account.incoming == with_password("imap", "imap.database.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.database.example:465", "SSL", address)


def test_database_is_used_if_the_best_answer_is_unusable(
    mail_client: Thunderbird, front: Front
) -> None:
    """If a document has no server for sending, Thunderbird uses the database's document."""
    domain = "useless.example"
    before = len(front.log.of_domain(domain))
    account = found(mail_client.set_up(f"alice@{domain}"))
    assert account.source == "xml-from-db"
    good = [
        request for request in front.log.of_domain(domain, after=before) if request.status == 200
    ]
    assert {one.host for one in good} == {f"autoconfig.{domain}", "ispdb.example"}
