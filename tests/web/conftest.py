"""What the tests of the listeners share."""

from collections.abc import Iterator

import pytest

from tests.making import domain, host_service, url_service
from tests.web.asgi import Client
from waypost.model import Catalog

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
    )
)


@pytest.fixture(name="client")
def _client() -> Iterator[Client]:
    client = Client(CATALOG)
    yield client
    client.close()
