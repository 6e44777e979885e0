"""Services whose SRV record says no more than a host and a port: JMAP and ManageSieve."""

import pytest

from tests.formats.test_dns import SMTP, published
from tests.making import host_service, url_service
from waypost.model import Service

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
            host_service("managesieve", "b.example.com", 14190, "starttls", priority=1),
            host_service("managesieve", "sieve.example.com"),
        ],
        "_sieve",
        ["0 1 4190 sieve.example.com.", "10 1 14190 b.example.com."],
    ),
    ([SMTP], "_jmap", None),
    ([SMTP], "_sieve", None),
]


@pytest.mark.rule("dns-jmap", "dns-sieve")
@pytest.mark.parametrize(("found", "label", "records"), PLACES)
def test_places(found: list[Service], label: str, records: list[str] | None) -> None:
    """Each place is told once, TLS from the first byte first; without a service there is none."""
    told = published(*found)

    assert told.get(f"{label}._tcp.example.com SRV") == records
    assert f"{label}._tcp.example.com TXT" not in told
