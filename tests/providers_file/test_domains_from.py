"""A provider in a providers file whose domains are in another database."""

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import ExternalDomains, SqlDirectory
from waypost.providers_file.load import read_providers

DIRECTORIES = """
[[directory]]
name = "both"
kind = "sql"
uri = "sqlite:////a.sqlite"
query = "SELECT a AS login FROM b WHERE c = :address"
domains_query = "SELECT a FROM b WHERE c = :domain"

[[directory]]
name = "users"
kind = "sql"
uri = "sqlite:////a.sqlite"
query = "SELECT a AS login FROM b WHERE c = :address"

[[directory]]
name = "file"
kind = "file"
path = "/a.csv"

[[directory]]
name = "broken"
kind = "sql"
uri = "sqlite:////a.sqlite"
domains_query = "SELECT a FROM b WHERE c = '%s'"
"""
GOOD = DIRECTORIES[: DIRECTORIES.index('[[directory]]\nname = "broken"')]
MAIL = '{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }'


def provider(more: str, services: str = MAIL) -> str:
    """Write a providers file with one provider."""
    return f'{GOOD}\n[[provider]]\nname = "P"\nservices = [{services}]\n{more}\n'


def external_domains(text: str) -> ExternalDomains:
    """Read a file where one provider has domains from a directory."""
    (found,) = read_providers(text, name="f", format="toml").catalog.external_domains
    return found


def test_domains_from_alone() -> None:
    """A provider without its own domains is valid, and does not count as unused."""
    result = read_providers(provider('domains_from = "both"'), name="f", format="toml")
    (found,) = result.catalog.external_domains
    assert isinstance(found.directory, SqlDirectory)
    assert (found.directory.label, found.provider.name) == ("both", "P")
    assert [service.type.value for service in found.services] == ["imap", "smtp"]
    assert (found.users, result.catalog.domains, result.catalog.unused_providers) == (None, (), ())
    assert result.warnings == ()


def test_users_of_external_domains() -> None:
    """Users of such domains are in the directory of the provider."""
    found = external_domains(provider('domains_from = "both"\ndirectory = "users"'))
    assert found.users is not None
    assert found.users.directory.label == "users"


def test_services_of_external_domains() -> None:
    """A service for some domains of the file does not apply to other domains."""
    special = '{ type = "pop3", host = "c.example", domains = ["own.example"] }'
    text = provider('domains = ["own.example"]\ndomains_from = "both"', f"{MAIL}, {special}")
    assert [service.type.value for service in external_domains(text).services] == ["imap", "smtp"]


def test_warning() -> None:
    """Services that cannot receive and send mail are reported."""
    text = provider('domains_from = "both"', '{ type = "imap", host = "a.example" }')
    (warning,) = read_providers(text, name="f", format="toml").warnings
    assert "no outgoing mail service for the domains from both" in warning


BAD = [
    # added text, path and rule
    ('domains_from = "bot"', "domains_from: there is no [[directory]] with this name; did you m"),
    ('domains_from = "users"', "domains_from: directory users has no domains_query"),
    ('domains_from = "file"', "domains_from: directory file has no domains_query"),
    ("domains_from = 1", "domains_from: must be a string, not a whole number"),
    ('domains_from = ""', "domains_from: must not be empty"),
]


@pytest.mark.parametrize(("more", "rule"), BAD)
def test_mistakes(more: str, rule: str) -> None:
    """A directory without a query for domains is reported as a mistake."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(provider(more), name="f", format="toml")
    (problem,) = caught.value.problems
    assert problem.startswith("f: provider[0].")
    assert rule in problem


def test_broken_directory() -> None:
    """A directory with a mistake is reported once, and not reported as missing."""
    text = f'{DIRECTORIES}\n[[provider]]\nname = "P"\nservices = [{MAIL}]\ndomains_from = "broken"'
    with pytest.raises(ProvidersError) as caught:
        read_providers(text, name="f", format="toml")
    (problem,) = caught.value.problems
    assert problem.startswith("f: directory[3].domains_query: contains %s, which is not bound")


@pytest.mark.parametrize("place", ["[defaults]", '[[template]]\nname = "T"'])
def test_key_is_only_for_providers(place: str) -> None:
    """The key is allowed only in a provider."""
    text = f'{provider("")}\n{place}\ndomains_from = "both"'
    with pytest.raises(ProvidersError, match="domains_from: unknown key"):
        read_providers(text, name="f", format="toml")
