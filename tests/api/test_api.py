"""The library's functions: providers, configurations, documents."""

import inspect
from pathlib import Path
from typing import get_args

import pytest

from tests.profiles.making import openssl_verifies, signing
from waypost import api
from waypost.core.errors import ProvidersError, SettingsError, WaypostError
from waypost.formats.dns import ZONE_FORMATS

PROVIDERS = """
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]

[[directory]]
name = "people"
kind = "file"
path = "/nothing/is/here.csv"

[[provider]]
name = "With a directory"
directory = "people"
unknown_user = "decline"
domains = ["users.example"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]

[[provider]]
name = "Moved"
redirect_address = "example.com"
domains = ["old.example"]
"""


@pytest.fixture(name="providers", scope="module")
def _providers() -> api.Providers:
    """The providers of all tests."""
    return api.parse_providers(PROVIDERS)


def test_every_public_name_exists_and_is_documented() -> None:
    """Each name of `__all__` exists; functions and classes have a docstring."""
    for name in api.__all__:
        found = getattr(api, name)
        if inspect.isfunction(found) or inspect.isclass(found):
            assert found.__doc__, name


def test_functions_are_typed() -> None:
    """Each argument and each result of the public functions has a type."""
    for name in api.__all__:
        found = getattr(api, name)
        if inspect.isfunction(found):
            wanted = {*inspect.signature(found).parameters, "return"}
            assert set(found.__annotations__) == wanted, name


def test_load(tmp_path: Path) -> None:
    """A file gives the same providers as its text, and its warnings."""
    path = tmp_path / "mail.toml"
    path.write_text(PROVIDERS, encoding="utf-8")
    loaded = api.load_providers(path)
    assert loaded.catalog == api.parse_providers(PROVIDERS).catalog
    assert loaded.warnings == ()
    assert api.load_providers(str(path)).catalog == loaded.catalog


def test_load_pinned(tmp_path: Path) -> None:
    """The PACC document that is pinned for a file is the one that is rendered."""
    path = tmp_path / "mail.toml"
    path.write_text(PROVIDERS, encoding="utf-8")
    pinned = '{"pinned": {"example.com": "{}"}}'
    (tmp_path / "mail.toml.pacc.json").write_text(pinned, encoding="utf-8")
    assert api.render_pacc(api.config_for(api.load_providers(path), "example.com")) == b"{}"


DOMAINS_IN_A_DATABASE = """
[[directory]]
name = "mail"
kind = "sql"
uri = "sqlite:////mail"
domains_query = "SELECT 1 FROM domain WHERE name = :domain"

[[provider]]
name = "A"
domains_from = "mail"
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "a.example" }]
"""
MISTAKES = [
    ("[[provider]]", "name"),
    ("not toml", "1"),
    (DOMAINS_IN_A_DATABASE, "the library opens no database"),
]


@pytest.mark.parametrize(("text", "part"), MISTAKES)
def test_mistakes(text: str, part: str) -> None:
    """A text with a mistake, or with domains in a database, is refused with a reason."""
    with pytest.raises(ProvidersError, match=part):
        api.parse_providers(text)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is missing is a temporary error of providers."""
    with pytest.raises(ProvidersError) as caught:
        api.load_providers(tmp_path / "missing.toml")
    assert caught.value.temporary


# What is asked, and the error.
REFUSED: list[tuple[str, type[WaypostError]]] = [
    ("a b@example.com", api.AddressError),
    ("-", api.DomainError),
    ("alice@unserved.example", api.DomainNotServed),
    ("alice@old.example", api.DomainMoved),
]


@pytest.mark.parametrize(("asked", "error"), REFUSED)
def test_refused(providers: api.Providers, asked: str, error: type[WaypostError]) -> None:
    """What has no configuration raises an error of its cause."""
    with pytest.raises(error):
        api.config_for(providers, asked)


def test_user(providers: api.Providers) -> None:
    """The user that the program knows changes the login name and the display name."""
    user = api.User("alice.smith", "Alice Smith")
    document = api.render_autodiscover(api.config_for(providers, "alice@example.com", user=user))
    assert b"<LoginName>alice.smith</LoginName>" in document
    assert b"<DisplayName>Alice Smith</DisplayName>" in document


def test_unknown_user(providers: api.Providers) -> None:
    """The rule of the providers file decides about a user who does not exist."""
    assert api.config_for(providers, "alice@example.com", user=None).services
    with pytest.raises(api.UserDeclined):
        api.config_for(providers, "alice@users.example", user=None)


@pytest.mark.parametrize("form", ZONE_FORMATS)
def test_dns(providers: api.Providers, form: api.DnsFormat) -> None:
    """Each output format of DNS records is available, also for a domain that has moved."""
    assert form in get_args(api.DnsFormat)
    url = "https://waypost.example.net"
    for domain in ("example.com", "old.example"):
        found = api.render_dns(api.dns_records(providers, domain, public_url=url), form)
        assert b"waypost.example.net" in found


def test_json(providers: api.Providers) -> None:
    """The answer of Autodiscover V2 has the URL of the site."""
    config = api.config_for(providers, "alice@example.com")
    found = api.render_autodiscover_json(config, public_url="https://setup.example.com/")
    assert b'"https://setup.example.com/autodiscover/autodiscover.xml"' in found


@pytest.mark.parametrize("url", ["http://a.example", "https://a.example/path", "a", ""])
def test_bad_public_url(providers: api.Providers, url: str) -> None:
    """A public URL that is no https URL of a host is refused."""
    with pytest.raises(SettingsError, match="public_url"):
        api.responder(providers, public_url=url)


def test_outlook_registry() -> None:
    """The file for the registry has a value for each domain."""
    assert b"P\0r\0e\0f\0e\0r\0" in api.render_outlook_registry([api.DomainName("example.com")])
    assert b"S\0c\0p\0" in api.render_outlook_registry(policy=True)
    with pytest.raises(SettingsError, match="folder"):
        api.render_outlook_registry([api.DomainName("example.com")], folder='C:\\a"\r\n[x]')


def test_signed_profile(providers: api.Providers, tmp_path: Path) -> None:
    """A profile is signed, alone and in the answer to a request, if there are credentials."""
    made = signing(tmp_path)
    files = made.files
    credentials = api.read_credentials(files.certificate, files.key, files.chain)
    config = api.config_for(providers, "alice@example.com")
    plain = api.render_mobileconfig(config)
    signed = api.render_mobileconfig(config, credentials=credentials)
    assert openssl_verifies(signed, made.root) == plain

    site = api.responder(providers, credentials=credentials)
    assert openssl_verifies(site.respond(_profile()).body, made.root) == plain


def test_credentials_of_a_provider(tmp_path: Path) -> None:
    """A provider's own certificate signs its profiles; files with errors are refused at once."""
    made = signing(tmp_path)
    files = made.files
    text = PROVIDERS.replace(
        'name = "Example Inc."',
        f'name = "Example Inc."\nprofile = {{ cert = "{files.certificate}", '
        f'key = "{files.key}", chain = "{files.chain}" }}',
    )
    site = api.responder(api.parse_providers(text, folder=tmp_path))
    assert openssl_verifies(site.respond(_profile()).body, made.root) is not None
    files.key.write_text("broken", encoding="utf-8")
    with pytest.raises(SettingsError):
        api.responder(api.parse_providers(text, folder=tmp_path))


def _profile() -> api.WebRequest:
    query = b"emailaddress=alice%40example.com"
    return api.WebRequest("GET", "/mobileconfig", query, [("Host", "example.com")])
