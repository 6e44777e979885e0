"""Thunderbird sets up accounts from a running Waypost."""

import base64

import pytest

from tests.clients.conftest import Front, MailServers
from tests.clients.thunderbird import (
    PASSWORD,
    Account,
    Server,
    Thunderbird,
    found,
    with_password,
)

pytestmark = pytest.mark.clients


@pytest.mark.rule("autoconfig-four-urls")
@pytest.mark.parametrize(
    ("domain", "source"),
    [
        ("everywhere.example", "xml-from-isp-https"),
        ("by-autoconfig.example", "xml-from-isp-https"),
        ("by-well-known.example", "xml-from-isp-https"),
        ("by-http.example", "xml-from-isp-http"),
        ("by-http-well-known.example", "xml-from-isp-http"),
        ("by-autodiscover.example", "exchange-from-url1"),
        ("by-autodiscover-root.example", "exchange-from-url2"),
    ],
)
def test_each_source_has_the_same_account(
    mail_client: Thunderbird, domain: str, source: str
) -> None:
    """With any single way to Waypost, Thunderbird sets up the configured servers."""
    address = f"alice@{domain}"
    assert mail_client.set_up(address) == Account(
        address=address,
        incoming=with_password("imap", "imap.tls.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.tls.example:465", "SSL", address),
        source=source,
        alternatives=(),
    )


@pytest.mark.rule("autodiscover-starttls")
@pytest.mark.parametrize("domain", ["starttls.example", "starttls-autodiscover.example"])
def test_starttls_is_not_tls(mail_client: Thunderbird, domain: str) -> None:
    """STARTTLS services become STARTTLS servers, with the local part as the login name."""
    account = found(mail_client.set_up(f"alice@{domain}"))
    assert account.incoming == with_password(
        "imap", "mail.starttls.example:143", "STARTTLS", "alice"
    )
    assert account.outgoing == with_password(
        "smtp", "mail.starttls.example:587", "STARTTLS", "alice"
    )


@pytest.mark.rule("autoconfig-address-encoded")
@pytest.mark.parametrize(
    "local_part",
    ["alice+lists", "Alice.B+tag", "o'hara", "a&b=c", "alice%40", "100%"],
)
def test_local_parts_arrive_as_they_were_typed(mail_client: Thunderbird, local_part: str) -> None:
    """A local part that needs escaping in the request is unchanged in both login names."""
    address = f"{local_part}@everywhere.example"
    account = found(mail_client.set_up(address))
    assert account.source == "xml-from-isp-https"
    assert account.incoming.login_name == address
    assert account.outgoing.login_name == address


@pytest.mark.rule("autoconfig-address-keeps-case")
@pytest.mark.parametrize("way", ["everywhere", "by-autodiscover"])
def test_an_upper_case_domain_is_served(mail_client: Thunderbird, way: str) -> None:
    """An address typed in capitals keeps its local part and gets its domain in lower case."""
    account = found(mail_client.set_up(f"ALICE@{way.upper()}.Example"))
    address = f"ALICE@{way}.example"
    assert account.incoming == with_password("imap", "imap.tls.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.tls.example:465", "SSL", address)


@pytest.mark.rule("autoconfig-a-labels")
def test_an_internationalised_domain_is_served_as_an_a_label(mail_client: Thunderbird) -> None:
    """A domain configured as bücher.example is found, and is xn--bcher-kva.example in answers."""
    address = "alice@xn--bcher-kva.example"
    account = found(mail_client.set_up(address))
    assert account.incoming == with_password(
        "imap", "imap.xn--bcher-kva.example:993", "SSL", address
    )
    assert account.outgoing == with_password(
        "smtp", "smtp.xn--bcher-kva.example:465", "SSL", address
    )


@pytest.mark.rule("autoconfig-authentication-order")
def test_authentication_port_and_host_are_as_configured(mail_client: Thunderbird) -> None:
    """Thunderbird gets the first method of a list, an unusual port and a host from the domain."""
    address = "alice@careful.example"
    account = found(mail_client.set_up(address))
    encrypted = ("SSL", "password-encrypted", address)
    assert account.incoming == Server("imap", "imap.careful.example", 10993, *encrypted)
    assert account.outgoing == Server("smtp", "smtp.careful.example", 10465, *encrypted)


@pytest.mark.rule("autoconfig-oauth2-needs-a-password")
def test_password_is_used_without_the_oauth2_issuer(mail_client: Thunderbird) -> None:
    """Thunderbird uses a password after OAuth2 if it does not know the issuer."""
    address = "alice@modern.example"
    account = found(mail_client.set_up(address))
    assert account.source == "xml-from-isp-https"
    assert account.incoming == with_password("imap", "imap.modern.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.modern.example:465", "SSL", address)


@pytest.mark.rule("autodiscover-imap-first", "autoconfig-imap-first", "autoconfig-then-imap-first")
@pytest.mark.parametrize(
    ("domain", "alternatives"),
    [
        ("choice.example", ("imap imap.choice.example:143", "pop3 pop.choice.example:995")),
        ("choice-autodiscover.example", ("pop3 pop.choice.example:995",)),
    ],
)
def test_imap_comes_before_pop3(
    mail_client: Thunderbird, domain: str, alternatives: tuple[str, ...]
) -> None:
    """Thunderbird uses the first IMAP service, even if POP3 is first in the providers file."""
    address = f"alice@{domain}"
    account = found(mail_client.set_up(address))
    assert account.incoming == with_password("imap", "imap.choice.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.choice.example:465", "SSL", address)
    assert account.alternatives == alternatives


@pytest.mark.parametrize("domain", ["known.example", "strict.example"])
def test_login_name_from_a_directory(mail_client: Thunderbird, domain: str) -> None:
    """A user in a directory logs in with the login name from the directory."""
    account = found(mail_client.set_up(f"alice@{domain}"))
    assert account.incoming == with_password("imap", "imap.known.example:993", "SSL", "u1001")
    assert account.outgoing == with_password("smtp", "smtp.known.example:465", "SSL", "u1001")


def test_only_pop3(mail_client: Thunderbird) -> None:
    """A provider without IMAP gets a POP3 account."""
    address = "alice@fetched.example"
    account = found(mail_client.set_up(address))
    assert account.incoming == with_password("pop3", "pop.fetched.example:995", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.fetched.example:465", "SSL", address)


@pytest.mark.rule("autoconfig-not-served-404")
def test_unserved_domain_is_found_in_the_public_database(
    mail_client: Thunderbird, front: Front
) -> None:
    """With Waypost's 404 on all four URLs, Thunderbird uses the public database's answer."""
    domain = "unserved.example"
    before = len(front.log.of_domain(domain))
    address = f"alice@{domain}"
    account = found(mail_client.set_up(address))
    assert account.source == "xml-from-db"
    assert account.incoming == with_password("imap", "imap.database.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.database.example:465", "SSL", address)
    gets = [request for request in front.log.of_domain(domain, after=before) if request.is_get]
    assert sorted(f"{get.status} {get.scheme}://{get.host}" for get in gets) == [
        "200 https://ispdb.example",
        "404 http://autoconfig.unserved.example",
        "404 http://unserved.example",
        "404 https://autoconfig.unserved.example",
        "404 https://unserved.example",
    ]


def test_unknown_domain(mail_client: Thunderbird) -> None:
    """A domain that neither Waypost nor the public database serves gets no account."""
    assert mail_client.set_up("alice@unknown.example") is None


def test_requests_of_thunderbird(mail_client: Thunderbird, front: Front) -> None:
    """The requests are those in docs/clients.md, in any order."""
    before = len(front.log.of_domain("asked.example"))
    mail_client.set_up("bob+tag@asked.example")
    query = "?emailaddress=bob%2Btag%40asked.example"
    requests = front.log.of_domain("asked.example", after=before)
    assert sorted(str(request) for request in requests) == [
        f"GET http://asked.example/.well-known/autoconfig/mail/config-v1.1.xml{query}",
        f"GET http://autoconfig.asked.example/mail/config-v1.1.xml{query}",
        f"GET https://asked.example/.well-known/autoconfig/mail/config-v1.1.xml{query}",
        f"GET https://autoconfig.asked.example/mail/config-v1.1.xml{query}",
        "GET https://ispdb.example/v1.1/asked.example",
        "POST http://autodiscover.asked.example/autodiscover/autodiscover.xml",
        "POST https://asked.example/autodiscover/autodiscover.xml",
        "POST https://autodiscover.asked.example/autodiscover/autodiscover.xml",
    ]


def test_nothing_secret_is_logged(mail_client: Thunderbird, front: Front) -> None:
    """Neither the password that comes with Autodiscover nor the address is logged."""
    address = "secretive@by-autodiscover.example"
    before = len(front.waypost.log.read_bytes())
    found(mail_client.set_up(address, search_password=PASSWORD))
    logged = front.waypost.log.read_bytes()[before:]
    assert logged, "Waypost logs a line for each request"
    credentials = base64.b64encode(f"{address}:{PASSWORD}".encode())
    for secret in (address.encode(), b"secretive", PASSWORD.encode(), credentials):
        assert secret not in logged


@pytest.mark.parametrize(
    ("domain", "login_name", "incoming", "outgoing"),
    [
        (
            "everywhere.example",
            "typed+tag@everywhere.example",
            ("imap.tls.example", 993, "SSL"),
            ("smtp.tls.example", 465, "SSL"),
        ),
        (
            "by-autodiscover.example",
            "typed+tag@by-autodiscover.example",
            ("imap.tls.example", 993, "SSL"),
            ("smtp.tls.example", 465, "SSL"),
        ),
        (
            "starttls.example",
            "typed+tag",
            ("mail.starttls.example", 143, "STARTTLS"),
            ("mail.starttls.example", 587, "STARTTLS"),
        ),
    ],
)
def test_a_user_needs_only_name_address_and_password(
    mail_client: Thunderbird,
    mail_servers: MailServers,
    domain: str,
    login_name: str,
    incoming: tuple[str, int, str],
    outgoing: tuple[str, int, str],
) -> None:
    """In Thunderbird's dialog, name, address and password are enough for a real login."""
    before = len(mail_servers.imap.logins())
    account = found(mail_client.set_up_in_dialog(f"typed+tag@{domain}"))
    assert account.incoming == Server("imap", *incoming, "password-cleartext", login_name)
    assert account.outgoing == Server("smtp", *outgoing, "password-cleartext", login_name)
    login, *_ = mail_servers.imap.logins()[before:]
    assert (login.port, login.login_name) == (incoming[1], login_name)
