"""The sample providers agree with docs/demo.md."""

import re
from pathlib import Path

import pytest

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainNotServed
from waypost.core.model import HostEndpoint, ServiceType
from waypost.demo import demo_catalog
from waypost.lookup.lookup import client_config
from waypost.store.memory import MemoryStore

DOCUMENT = Path(__file__).parents[2] / "docs" / "demo.md"

SERVED = [
    # address, types of the services in the order of preference, first host
    (
        "alice@example.com",
        ["imap", "pop3", "smtp", "smtp", "caldav", "carddav"],
        "imap.example.com",
    ),
    ("alice@example.net", ["imap", "smtp"], "mail.example.net"),
    ("alice@example.org", ["pop3", "smtp", "managesieve"], "pop.example.org"),
    ("alice@physics.example.edu", ["imap", "smtp", "caldav"], "imap.physics.example.edu"),
    ("alice@b\u00fccher.example", ["imap", "smtp"], "imap.xn--bcher-kva.example"),
    ("alice@modern.example", ["imap", "jmap", "imap", "smtp"], "imap.modern.example"),
    ("alice@boxes.example", ["imap", "smtp"], "alice.boxes.example"),
]


def find(text: str) -> tuple[list[ServiceType], str]:
    """Return the configuration of an address."""
    address = EmailAddress.parse(text)
    entry = MemoryStore(demo_catalog()).find(address.domain)
    config = client_config(entry, address.domain, address)
    hosts = [one.endpoint.host for one in config.services if isinstance(one.endpoint, HostEndpoint)]
    return [one.type for one in config.services], next(iter(hosts), "")


@pytest.mark.parametrize(("address", "types", "host"), SERVED)
def test_addresses_that_are_served(address: str, types: list[str], host: str) -> None:
    """Each sample address gets the services that the document names."""
    assert find(address) == (types, host)


@pytest.mark.parametrize("address", ["alice@fails.example", "a_b@boxes.example"])
def test_addresses_without_services(address: str) -> None:
    """The addresses that fail on purpose belong to served domains and have no service."""
    assert find(address) == ([], "")


@pytest.mark.parametrize("address", ["alice@unserved.example", "alice@example.edu"])
def test_addresses_that_are_not_served(address: str) -> None:
    """The other addresses that fail on purpose belong to domains that are not served."""
    with pytest.raises(DomainNotServed):
        find(address)


def test_all_names_are_reserved() -> None:
    """Every host and every domain of the samples is reserved for examples."""
    for domain in demo_catalog().domains:
        names = [domain.pattern.text.removeprefix("*.")]
        for service in domain.services:
            endpoint = service.endpoint
            if isinstance(endpoint, HostEndpoint):
                names.append(endpoint.host.replace("%EMAILDOMAIN%", "example.edu"))
            else:
                names.append(endpoint.url.split("/")[2])
        for name in names:
            assert re.search(r"(^|[.])example([.](com|net|org|edu))?$", name), name


def test_document_names_every_sample() -> None:
    """docs/demo.md names every sample domain and every address that fails on purpose."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for domain in demo_catalog().domains:
        pattern = domain.pattern.text
        shown = DomainName(pattern).unicode if pattern.startswith("xn--") else pattern
        assert f"`{shown}`" in text
    for address in ("a_b@boxes.example", "alice@fails.example", "alice@unserved.example"):
        assert f"`{address}`" in text
