"""From options to the context of the doctor: which values are good, and what they reach."""

import ssl
from pathlib import Path

import pytest

from tests.diagnostics.resolvers import Script, resolver
from tests.servers.authority import Authority
from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError, SettingsError
from waypost.diagnostics.doctor.setup import doctor_context, ispdb_url, tls_context
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses

ADDRESS = EmailAddress.parse("Älice@Bücher.example")
UNTRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def test_certificates_are_checked() -> None:
    """Without a file, a certificate must be valid for its host, and be signed by an authority."""
    context = tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_own_authority(tmp_path: Path) -> None:
    """A file adds its authorities to those of the system."""
    authority = Authority.create(tmp_path)
    context, usual = tls_context(authority.certificate), tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    added = [one for one in context.get_ca_certs() if one not in usual.get_ca_certs()]
    assert ["Authority of a test run" in f"{one['subject']}" for one in added] == [True]


FILES: list[tuple[bytes | None, str]] = [
    # the content of the file, what is wrong
    (None, "does not exist"),
    (b"", "is empty"),
    (b"imap.example.com", "is not PEM"),
    (b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", "is not base64"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is no certificate"),
    (b"\xff\x00" * 1000, "is binary"),
]


@pytest.mark.parametrize(("content", "rule"), FILES, ids=[rule for _, rule in FILES])
def test_bad_files(tmp_path: Path, content: bytes | None, rule: str) -> None:
    """A file without certificates is named with its option."""
    assert rule
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        tls_context(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"--ca-file: {path}: cannot read certificates (PEM): ")


URLS = [
    # the option, the URL of the database
    ("thunderbird", "https://autoconfig.thunderbird.net/v1.1"),
    ("", ""),
    ("https://ispdb.example/v1.1", "https://ispdb.example/v1.1"),
    ("https://ispdb.example:8443/", "https://ispdb.example:8443/"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
]


@pytest.mark.parametrize(("option", "url"), URLS)
def test_database(option: str, url: str) -> None:
    """The word `thunderbird` is the usual database; a URL is another one; nothing is none."""
    assert ispdb_url(option) == url


@pytest.mark.parametrize(
    "option",
    [
        "Thunderbird",
        "ispdb.example",
        "ftp://ispdb.example",
        "https://",
        "https://a:x",
        "https://a b/",
    ],
)
def test_bad_databases(option: str) -> None:
    """A text that is no URL is refused with the name of the option."""
    with pytest.raises(RequestError, match=r"^--ispdb: "):
        ispdb_url(option)


def test_context_of_an_address() -> None:
    """The domain is looked up in A-labels at the resolver, and the local part stays as typed."""
    with resolver(Script.NXDOMAIN) as port:
        context = doctor_context(
            *(ADDRESS, f"127.0.0.1:{port}", UNTRUSTING, (2.0, 60.0), ""), PrivateAddresses.NEVER
        )
        assert context.records(DnsLookup("MX", context.domain)) == ()
    assert context.domain == "xn--bcher-kva.example"
    assert context.target.address == "Älice@xn--bcher-kva.example"
    assert context.tls_context is UNTRUSTING
    assert 0 < context.seconds_left() <= 2.0
    assert not context.unanswered


@pytest.mark.parametrize(
    "server", ["", "ns.example", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x", "[::1", "1.2.3"]
)
def test_bad_resolvers(server: str) -> None:
    """A resolver that is no address is refused with the name of the option."""
    with pytest.raises(SettingsError) as caught:
        doctor_context(ADDRESS, server, UNTRUSTING, (2.0, 60.0), "", PrivateAddresses.NEVER)
    assert caught.value.problems[0].startswith(f"--resolver: {server}: ")
