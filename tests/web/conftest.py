"""What the tests of the listeners share."""

from collections.abc import Iterator

import pytest

from tests.making import domain, host_service, url_service
from tests.web.asgi import Client, settings
from waypost.core.model import Catalog

CATALOG = Catalog(
    (
        domain("example.com"),
        domain(
            "customer.example",
            host_service(host="mail.hoster.example"),
            host_service("smtp", "mail.hoster.example", 587, "starttls"),
            url_service(),
        ),
        domain("xn--bcher-kva.example"),
        domain("*.wild.example"),
        domain("mute.example", url_service()),
        domain("half.example", host_service()),
        domain(
            "groupware.example",
            host_service(host="imap.groupware.example"),
            host_service("smtp", "smtp.groupware.example"),
            url_service("activesync", "https://eas.groupware.example/Microsoft-Server-ActiveSync"),
            url_service("ews", "https://ews.groupware.example/EWS/Exchange.asmx"),
        ),
    )
)


@pytest.fixture(name="client")
def _client() -> Iterator[Client]:
    client = Client(CATALOG)
    yield client
    client.close()


@pytest.fixture(name="behind_one_url")
def _behind_one_url() -> Iterator[Client]:
    """An application that all clients reach under one URL."""
    client = Client(CATALOG, settings(public_url="https://setup.hoster.example:8443/"))
    yield client
    client.close()
