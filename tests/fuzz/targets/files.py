"""Targets for the files that operators give to Waypost, and for profiles and documents."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate

from tests.fuzz.target import Target
from waypost.core.errors import ProblemsError, ProfileError
from waypost.core.model.ldap_url import LdapUrl
from waypost.diagnostics.document_checks.activesync import activesync_findings, json_findings
from waypost.diagnostics.document_checks.mail_documents import (
    autoconfig_findings,
    autodiscover_findings,
)
from waypost.diagnostics.document_checks.pacc import pacc_findings
from waypost.diagnostics.document_checks.profile import profile_findings
from waypost.diagnostics.profile_file import inspect, read_authorities
from waypost.directory.file.users import parse_users
from waypost.importers.automx1.providers import read_automx1
from waypost.importers.automx2_seed import read_seed
from waypost.importers.ispdb.document import read_ispdb
from waypost.parsing import cms, der
from waypost.providers_file.directories.validators import check_filter
from waypost.providers_file.document import decode
from waypost.providers_file.load import FileFormat, read_providers
from waypost.providers_file.validators import RuleBroken, check_ldap_url
from waypost.providers_file.write import write_providers

_AUTHORITY: Final = Path(__file__).parent / "authority.pem"
_NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)


def providers_file(data: bytes) -> None:
    """Read a providers file; the same providers are read from what Waypost writes of them."""
    text = decode(data, "mail.toml")
    file_format: FileFormat = "json" if text.lstrip().startswith("{") else "toml"
    catalog = read_providers(text, name="mail.toml", format=file_format).catalog
    written = write_providers(catalog, file_format)
    again = read_providers(written, name="written", format=file_format).catalog
    assert write_providers(again, file_format) == written, "written in another way"


def seed(data: bytes) -> None:
    """Read a seed of automx2; Waypost can write its providers."""
    write_providers(read_seed(data, name="seed.json").catalog, "toml")


def ispdb(data: bytes) -> None:
    """Import an Autoconfig document; Waypost can read what it writes of it."""
    catalog = read_ispdb(data, name="document.xml").catalog
    read_providers(write_providers(catalog, "toml"), name="written", format="toml")


def automx1(data: bytes) -> None:
    """Import a file of automx 1.x; Waypost can read what it writes of it."""
    catalog = read_automx1(data.decode("utf-8", "replace"), name="automx.conf").catalog
    read_providers(write_providers(catalog, "toml"), name="written", format="toml")


def ldap_url(data: bytes) -> None:
    """Check the URL of an address book; a URL that is accepted can be parsed."""
    text = data.decode("utf-8", "replace")
    check_ldap_url(text)
    with suppress(ValueError):
        parsed = LdapUrl.parse(text)
        assert parsed.host, "no host"
        assert 1 <= parsed.port <= 65535, f"port {parsed.port}"


def ldap_filter(data: bytes) -> None:
    """Check a search filter."""
    check_filter(data.decode("utf-8", "replace"))


def users(data: bytes) -> None:
    """Read users from CSV and from TOML."""
    with suppress(ProblemsError):
        parse_users(data, Path("users.csv"))
    parse_users(data, Path("users.toml"))


def profile(data: bytes) -> None:
    """Inspect a profile, with an authority that is trusted."""
    report = inspect(data, _authorities(), _NOW)
    assert all(problem.isprintable() for problem in report.problems), "it is not printable"


def authorities(data: bytes) -> None:
    """Read the certificates that the operator trusts."""
    read_authorities(data)


def signed_data(data: bytes) -> None:
    """Read signed data and verify it; a valid signature is one of the content."""
    cms.is_signed(data)
    cms.is_encrypted(data)
    with suppress(der.DerError):
        assert sum(len(part.encoded) for part in der.elements(data)) == len(data), "bytes are lost"
    verified = cms.verify(data)
    assert cms.content_of(data) == verified.content, "another content than the signed one"


def document(data: bytes) -> None:
    """Check documents of other servers, as the conformance test does."""
    for findings in (
        autoconfig_findings,
        autodiscover_findings,
        activesync_findings,
        pacc_findings,
        profile_findings,
    ):
        findings(data)
    for status in (200, 400):
        json_findings("autodiscoverv1", status, "application/json", data)


@cache
def _authorities() -> list[Certificate]:
    try:
        return read_authorities(_AUTHORITY.read_bytes())
    except ProfileError as error:
        raise RuntimeError(_AUTHORITY) from error


_XML: Final = (
    *(b"<?xml version='1.0' encoding='", b"utf-16", b"<!DOCTYPE", b"<![CDATA[", b"]]>", b"&#0;"),
    *(b"&lt;", b"xmlns='", b"xmlns:a='", b"<!--", b"-->", b"<?x ?>", b"/>", b"</"),
)
_TOML: Final = (
    *(b"[[provider]]", b"[provider]", b"name = ", b"domains = [", b'"""', b"'''", b"[", b"]"),
    *(b"{ ", b" }", b" = ", b'"', b"\\u0000", b"\\", b"1979-05-27T07:32:00Z", b"inf", b"0x"),
    *(b"services = [", b'type = "imap"', b'host = "imap.example.com"', b"port = 993", b"true"),
)
_AUTOCONFIG: Final = (
    *(b"<clientConfig version='1.1'>", b"<emailProvider id='example.com'>", b"<domain>"),
    *(b"<incomingServer type='imap'>", b"<outgoingServer type='smtp'>", b"<hostname>", b"<port>"),
    *(b"<socketType>SSL", b"<username>%EMAILADDRESS%", b"<authentication>", b"<oAuth2>"),
    *(b"<documentation url='https://", b"<descr lang='de'>", b"<enable visiturl='", b"<webMail>"),
    *(b"<restriction>", b"<pop3>", b"<addressBook type='carddav'>", b"<serverURL>", b"<scope>"),
)
_DER: Final = (
    *(b"\x30\x80", b"\x30\x82", b"\x00\x00", b"\x24\x80", b"\x04\x03", b"\x30\x84\xff\xff\xff\xff"),
    *(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", b"\xa0\x80", b"\x31\x00", b"\x02\x01\x01"),
    *(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", b"\x1f\x85\x00", b"\x30\x00"),
)
FILES: Final = (
    Target("providers-file", providers_file, words=_TOML, max_bytes=8192),
    Target(
        "seed",
        seed,
        words=(
            *(b'{"provider": "Example",', b'"domains": [', b'"servers": [', b'"type": "imap"'),
            *(b'"version": 2', b'"ldapservers": [', b'"id": 1', b"null", b"true", b"1e999", b"NaN"),
            *(b'"\\ud800"', b'"search_filter": "(mail={0})"', b'"socket_type": "SSL"', b'"port": '),
        ),
    ),
    Target("ispdb", ispdb, words=(*_XML, *_AUTOCONFIG), max_bytes=8192),
    Target(
        "automx1",
        automx1,
        words=(
            *(b"[automx]", b"[global]", b"[example.com]", b"domains = *", b"provider = example"),
            *(b"account_type = email", b"action = settings", b"imap = yes", b"imap_server = "),
            *(
                b"imap_port = 993",
                b"smtp = yes",
                b"smtp_encryption = starttls",
                b"backend = static",
            ),
            *(b"include = ", b"%u", b"%d", b"%s", b"\n ", b"${", b"#", b";", b"_auth_identity"),
        ),
    ),
    Target(
        "ldap-url",
        ldap_url,
        allowed=(RuleBroken,),
        words=(
            *(b"ldaps://", b"ldap://", b"ldap.example.com", b":636", b"/dc=example,dc=com"),
            *(b"??sub", b"?one", b"?base", b"%2c", b"[::1]", b"%EMAILDOMAIN%", b"@", b"#", b":0"),
        ),
    ),
    Target(
        "ldap-filter",
        ldap_filter,
        allowed=(RuleBroken,),
        words=(
            b"(&",
            b"(|",
            b"(!",
            b"(mail={0})",
            b"\\2a",
            b"=*",
            b":dn:",
            b":=",
            b"~=",
            b"{local}",
        ),
    ),
    Target(
        "users",
        users,
        words=(
            *(b"address,login_name,display_name\n", b"alice@example.com,alice,Alice\n", b'"', b";"),
            *(b"[[user]]\n", b"address = ", b"aliases = [", b"\t", b"\r\n", b"\xef\xbb\xbf", b"=,"),
        ),
    ),
    Target(
        "profile",
        profile,
        words=(
            *(b"<plist version='1.0'>", b"<dict>", b"<key>PayloadContent</key>", b"<array>"),
            *(b"<string>", b"<integer>", b"<date>", b"<data>", b"<true/>", b"bplist00", b"</dict>"),
            *(b"PayloadDisplayName", b"PayloadType", b"-----BEGIN", *_DER),
        ),
        max_bytes=8192,
    ),
    Target(
        "authorities",
        authorities,
        words=(
            b"-----BEGIN CERTIFICATE-----\n",
            b"-----END CERTIFICATE-----\n",
            b"TRUSTED",
            b"MII",
        ),
    ),
    Target("signed-data", signed_data, allowed=(cms.CmsError,), words=_DER, max_bytes=8192),
    Target(
        "document",
        document,
        words=(
            *_XML,
            *_AUTOCONFIG,
            b"{",
            b"[",
            b'"',
            b"null",
            b"<plist>",
            b"bplist00",
            b"<Action>",
        ),
        max_bytes=8192,
    ),
)
