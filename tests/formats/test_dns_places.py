"""DNS records for JMAP and ManageSieve, and for a domain without mail."""

import pytest

from tests.formats.test_dns import SMTP, left_out, published
from tests.making import host_service, url_service
from waypost.core.model import Service

PLACES = [
    # services, label, records
    (
        [
            url_service("jmap", "https://jmap.example.com/session"),
            url_service("jmap", "https://b.example.com:8443/%EMAILADDRESS%/"),
            url_service("jmap", "https://jmap.example.com/another"),
        ],
        "_jmap",
        ["0 1 443 jmap.example.com.", "10 1 8443 b.example.com."],
    ),
    (
        [
            host_service("managesieve", "tls.example.com"),
            host_service("managesieve", "sieve.example.com", 4190, "starttls"),
            host_service("managesieve", "b.example.com", 14190, "starttls"),
            host_service("managesieve", "b.example.com", 14190, "none"),
        ],
        "_sieve",
        ["0 1 4190 sieve.example.com.", "10 1 14190 b.example.com."],
    ),
    (
        [
            host_service("xmpp", "b.example.com", 5222, "starttls", priority=1),
            host_service("xmpp", "xmpp.example.com"),
            url_service("xmpp", "https://xmpp.example.com/bosh"),
        ],
        "_xmpps-client",
        ["0 1 5223 xmpp.example.com."],
    ),
    (
        [
            host_service("xmpp", "b.example.com", 5222, "starttls", priority=1),
            host_service("xmpp", "xmpp.example.com"),
        ],
        "_xmpp-client",
        ["10 1 5222 b.example.com."],
    ),
    ([SMTP], "_jmap", None),
    ([SMTP], "_sieve", None),
    ([SMTP], "_xmpp-client", None),
    ([SMTP], "_xmpps-client", None),
    ([host_service("managesieve", "tls.example.com"), SMTP], "_sieve", None),
]


@pytest.mark.rule("dns-jmap", "dns-sieve", "dns-xmpp")
@pytest.mark.parametrize(("found", "label", "records"), PLACES)
def test_places(found: list[Service], label: str, records: list[str] | None) -> None:
    """Each place has one record, TLS from the first byte first; no service means no record."""
    shown = published(*found)

    assert shown.get(f"{label}._tcp.example.com SRV") == records
    assert f"{label}._tcp.example.com TXT" not in shown


@pytest.mark.rule("dns-sieve")
def test_no_label_for_sieve_with_tls() -> None:
    """ManageSieve with implicit TLS is left out with a reason: a client would begin without TLS."""
    shown = left_out(host_service("managesieve", "sieve.example.com"), SMTP)

    assert (
        "managesieve at sieve.example.com:4190: there is no SRV label for TLS from the first byte"
        in shown
    )


@pytest.mark.rule("dns-not-offered-only-there")
def test_no_mail_records_without_mail_services() -> None:
    """A domain with only a calendar has no records for mail: mail may be at another provider."""
    shown = published(url_service(url="https://dav.example.com/c/"))

    assert [data for data in shown.values() if "0 0 0 ." in data] == []
    assert not any("_imap" in name or "_submission" in name for name in shown)
