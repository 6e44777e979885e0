"""PACC over HTTP."""

import json

import pytest

from tests.making import EXAMPLE_COM, domain
from tests.web.asgi import Client
from waypost.formats import dns
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config

PATH = "/.well-known/user-agent-configuration.json"


@pytest.mark.rule("pacc-url", "pacc-content-type")
@pytest.mark.parametrize("host", ["ua-auto-config.example.com", "UA-Auto-Config.Example.COM.:443"])
def test_document(client: Client, host: str) -> None:
    """The host of PACC answers with the document of the domain after the prefix."""
    answer = client.get(PATH, host=host)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body)["protocols"]["imap"] == {"host": "imap.example.com"}
    assert answer.headers["cache-control"] == "public, max-age=60"


@pytest.mark.rule("pacc-same-for-all", "pacc-repeatable")
def test_digest_of_what_is_served(client: Client) -> None:
    """The same bytes are sent for any request, so that one digest is enough."""
    first = client.get(PATH, host="ua-auto-config.example.com")
    again = client.get(
        PATH, host="ua-auto-config.example.com", query="emailaddress=a@customer.example"
    )

    assert document.digest_record(first.body) == document.digest_record(again.body)
    etag = {"If-None-Match": first.headers["etag"]}
    assert client.get(PATH, host="ua-auto-config.example.com", headers=etag).status == 304
    assert client.request("HEAD", PATH, host="ua-auto-config.example.com").body == b""


@pytest.mark.rule("pacc-not-encoded")
def test_bytes_go_out_as_they_are(client: Client) -> None:
    """For any Accept-Encoding a client gets the bytes whose digest is in DNS."""
    host = "ua-auto-config.example.com"
    plain = client.get(PATH, host=host)
    asked = client.get(PATH, host=host, headers={"Accept-Encoding": "gzip, br, zstd, *"})

    assert (plain.status, plain.headers, plain.body) == (asked.status, asked.headers, asked.body)
    assert "content-encoding" not in asked.headers


REFUSED = [
    # Host, message
    ("example.com", "Host does not begin with ua-auto-config."),
    ("autoconfig.example.com", "Host does not begin with ua-auto-config."),
    ("ua-auto-config.", "Host does not begin with ua-auto-config."),
    ("ua-auto-config.unserved.example", "unserved.example is not served here"),
    ("ua-auto-config.customer.example", "smtp at mail.hoster.example:587: it does not use TLS"),
    ("ua-auto-config.mute.example", "cannot be described by PACC"),
    ("192.0.2.1", "Host does not begin with ua-auto-config."),
    (None, "Host does not begin with ua-auto-config."),
]


@pytest.mark.rule("pacc-url", "pacc-no-document")
@pytest.mark.parametrize(("host", "said"), REFUSED)
def test_refusals(client: Client, host: str | None, said: str) -> None:
    """Another host, or a domain that PACC cannot describe, gets 404 and the reason."""
    answer = client.get(PATH, host=host)

    assert answer.status == 404
    assert said in answer.text


@pytest.mark.rule("dns-mailconf", "pacc-digest")
def test_what_dns_says_is_served(client: Client) -> None:
    """The digest in DNS is that of the document, and `mailconf` is the Autoconfig answer."""
    config = client_config(domain("example.com"), EXAMPLE_COM, None)
    published = dns.records_of(config, "https://waypost.example.net")
    texts = [one.data.text for one in published.records if isinstance(one.data, dns.TxtData)]
    served = client.get(PATH, host="ua-auto-config.example.com").body

    digest, mailconf = texts
    assert digest == document.digest_record(served)
    path = mailconf.removeprefix("mailconf=https://waypost.example.net")
    assert client.get(path, host="waypost.example.net").status == 200
