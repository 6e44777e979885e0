"""Help pages, in each format that has them: clients expand no placeholder there."""

import json
from dataclasses import replace

import pytest
from lxml import etree

from tests.making import ALICE, EXAMPLE_COM, PROVIDER, domain, host_service
from waypost.core.address import EmailAddress
from waypost.core.model import (
    OAUTH2,
    PASSWORD_CLEARTEXT,
    ClientConfig,
    Documentation,
    OAuth2,
    Webmail,
    WebmailLogin,
)
from waypost.formats import autoconfig
from waypost.formats.autodiscover import pox
from waypost.formats.pacc import document as pacc
from waypost.lookup.lookup import client_config

OF_USER = "https://help.example/%EMAILDOMAIN%?u=%EMAILADDRESS%"
OF_DOMAIN = "https://%EMAILDOMAIN%/help"


def config(*urls: str, address: EmailAddress | None = ALICE) -> ClientConfig:
    pages = tuple(Documentation(url) for url in urls)
    provider = replace(PROVIDER, documentation=pages, enable=pages)
    return client_config(replace(domain(), provider=provider), EXAMPLE_COM, address)


def test_autoconfig() -> None:
    """If the address is known, documentation and enable contain it, with an escaped slash."""
    address = EmailAddress("a/b", EXAMPLE_COM)
    root = etree.fromstring(autoconfig.render(config(OF_USER, OF_DOMAIN, address=address)))

    urls = [one.get("url") for one in root.iter("documentation")]
    assert urls == [
        "https://help.example/example.com?u=a%2Fb@example.com",
        "https://example.com/help",
    ]
    assert urls == [one.get("visiturl") for one in root.iter("enable")]


def test_autodiscover() -> None:
    """The page of Autodiscover contains the address."""
    root = etree.fromstring(pox.render(config(OF_USER)))

    (page,) = root.iter("{*}ServiceHome")
    assert page.text == "https://help.example/example.com?u=alice@example.com"


OF_LOGIN = "https://login.%EMAILDOMAIN%/%EMAILLOCALPART%"


@pytest.mark.parametrize(
    ("address", "filled"),
    [
        (ALICE, "https://login.example.com/alice"),
        (None, "https://login.example.com/%EMAILLOCALPART%"),
    ],
)
def test_every_url_of_a_provider(address: EmailAddress | None, filled: str) -> None:
    """Webmail, OAuth2 and the update URL are expanded too, with the known values."""
    provider = replace(
        PROVIDER,
        webmail=Webmail(OF_LOGIN, WebmailLogin(OF_LOGIN)),
        update_url=OF_LOGIN,
        oauth2=(OAuth2(OF_LOGIN, OF_LOGIN, OF_LOGIN, "%EMAILDOMAIN%"),),
    )
    entry = replace(domain(), provider=provider)
    root = etree.fromstring(autoconfig.render(client_config(entry, EXAMPLE_COM, address)))

    found = [root.findtext(f"oAuth2/{name}") for name in ("issuer", "authURL", "tokenURL")]
    for name in ("webMail/loginPage", "webMail/loginPageInfo", "clientConfigUpdate"):
        element = root.find(name)
        found.append(None if element is None else element.get("url"))
    assert found == [filled] * 6
    assert root.findtext("oAuth2/scope") == "%EMAILDOMAIN%"


@pytest.mark.parametrize(
    ("issuers", "shown"),
    [
        (("https://login.%EMAILDOMAIN%/",), "https://login.example.com/"),
        ((OF_LOGIN, "https://other.example/"), "https://other.example/"),
        ((OF_LOGIN,), None),
    ],
)
def test_issuer_in_pacc(issuers: tuple[str, ...], shown: str | None) -> None:
    """PACC has the first issuer that is the same for all users, with an expanded domain."""
    methods = (OAUTH2, PASSWORD_CLEARTEXT)
    services = [
        host_service(authentication=methods),
        host_service("smtp", "smtp.example.com", authentication=methods),
    ]
    provider = replace(PROVIDER, oauth2=tuple(OAuth2(issuer) for issuer in issuers))
    entry = replace(domain("example.com", *services), provider=provider)
    document = json.loads(pacc.render(client_config(entry, EXAMPLE_COM, None)))

    assert document["authentication"].get("oauth-public", {}).get("issuer") == shown


PAGES = [
    # URLs, the URL in PACC
    ((), None),
    ((OF_USER,), None),
    ((OF_DOMAIN,), "https://example.com/help"),
    ((OF_USER, OF_DOMAIN, "https://help.example/"), "https://example.com/help"),
    (("https://help.example/1", OF_DOMAIN), "https://help.example/1"),
]


@pytest.mark.rule("pacc-documentation")
@pytest.mark.parametrize(("urls", "shown"), PAGES)
def test_pacc(urls: tuple[str, ...], shown: str | None) -> None:
    """PACC has the first page that is the same for all users, with an expanded domain."""
    info = json.loads(pacc.render(config(*urls, address=None)))["info"]

    assert info.get("help", {}).get("documentation") == shown
    assert ("help" in info) is (shown is not None)
