"""Pages for people, in each format that tells one: no client fills in a placeholder there."""

import json
from dataclasses import replace

import pytest
from lxml import etree

from tests.making import ALICE, EXAMPLE_COM, PROVIDER, domain
from waypost.address import EmailAddress
from waypost.formats import autoconfig, autodiscover, pacc
from waypost.lookup import client_config
from waypost.model import ClientConfig, Documentation

OF_USER = "https://help.example/%EMAILDOMAIN%?u=%EMAILADDRESS%"
OF_DOMAIN = "https://%EMAILDOMAIN%/help"


def config(*urls: str, address: EmailAddress | None = ALICE) -> ClientConfig:
    pages = tuple(Documentation(url) for url in urls)
    provider = replace(PROVIDER, documentation=pages, enable=pages)
    return client_config(replace(domain(), provider=provider), EXAMPLE_COM, address)


def test_autoconfig() -> None:
    """Where the address is known, documentation and enable hold it, with no slash of its own."""
    address = EmailAddress("a/b", EXAMPLE_COM)
    root = etree.fromstring(autoconfig.render(config(OF_USER, OF_DOMAIN, address=address)))

    urls = [one.get("url") for one in root.iter("documentation")]
    assert urls == [
        "https://help.example/example.com?u=a%2Fb@example.com",
        "https://example.com/help",
    ]
    assert urls == [one.get("visiturl") for one in root.iter("enable")]


def test_autodiscover() -> None:
    """The page of Autodiscover holds the address."""
    root = etree.fromstring(autodiscover.render(config(OF_USER)))

    (page,) = root.iter("{*}ServiceHome")
    assert page.text == "https://help.example/example.com?u=alice@example.com"


PAGES = [
    # URLs, what PACC tells
    ((), None),
    ((OF_USER,), None),
    ((OF_DOMAIN,), "https://example.com/help"),
    ((OF_USER, OF_DOMAIN, "https://help.example/"), "https://example.com/help"),
    (("https://help.example/1", OF_DOMAIN), "https://help.example/1"),
]


@pytest.mark.rule("pacc-documentation")
@pytest.mark.parametrize(("urls", "told"), PAGES)
def test_pacc(urls: tuple[str, ...], told: str | None) -> None:
    """PACC tells the first page that is the same for all users, with the domain in its place."""
    info = json.loads(pacc.render(config(*urls, address=None)))["info"]

    assert info.get("help", {}).get("documentation") == told
    assert ("help" in info) is (told is not None)
