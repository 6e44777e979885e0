"""Providers files that are written and read again."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.examples import examples
from tests.making import domain, host_service
from tests.providers_file.catalogs import catalogs
from waypost.core.model import Catalog, Directory, LdapDirectory, LdapServer, Secret, SqlDirectory
from waypost.providers_file.document import FileFormat
from waypost.providers_file.domains_file import DomainBlocks
from waypost.providers_file.load import read_providers, write_providers

GOLDEN = Path(__file__).parent / "golden"
FORMATS: list[FileFormat] = ["toml", "json"]


@pytest.mark.slow
@given(catalog=catalogs())
def test_written_catalogs_read_the_same(catalog: Catalog) -> None:
    """A written catalog reads as the same catalog, and is written again as the same text."""
    for form in FORMATS:
        text = write_providers(catalog, form)
        again = read_providers(text, name="again", format=form).catalog
        assert again == catalog
        assert write_providers(again, form) == text


@examples(50)
@given(catalog=catalogs())
def test_both_formats_have_the_same_data(catalog: Catalog) -> None:
    """TOML and JSON of one catalog contain the same plain data."""
    toml = tomllib.loads(write_providers(catalog, "toml"))
    assert toml == json.loads(write_providers(catalog, "json"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("sharing", [1, 2, 3, 20, 50])
def test_domains_with_different_services(form: FileFormat, sharing: int) -> None:
    """Each service has the names of the domains that have it, whether these are few or many."""
    shared, last = host_service("pop3"), host_service("smtp", "smtp.example.com")
    domains = []
    for number in range(50):
        own = host_service(host=f"imap{number // 3}.example.com")
        services = (own, shared, last) if number % sharing == 0 else (own, last)
        domains.append(domain(f"d{number}.example", *services))
    catalog = Catalog(tuple(domains))
    text = write_providers(catalog, form)
    assert read_providers(text, name="again", format=form).catalog == catalog
    in_file = DomainBlocks([catalog.domains[:20], catalog.domains[20:]])
    assert write_providers(Catalog(in_file), form) == text


@pytest.mark.parametrize("form", FORMATS)
@examples(30)
@given(catalog=catalogs())
def test_secrets_are_not_written(form: FileFormat, catalog: Catalog) -> None:
    """A password or a database URI does not change the written text."""
    secret = tuple(with_secret(one) for one in catalog.directories)
    text = write_providers(replace(catalog, directories=secret), form)
    assert text == write_providers(catalog, form)


def with_secret(directory: Directory) -> Directory:
    if isinstance(directory, LdapServer):
        return replace(directory, bind_password="hunter2hunter2")
    hidden = Secret("hunter2hunter2")
    if isinstance(directory, LdapDirectory) and not directory.bind_password:
        return replace(directory, bind_password=hidden)
    if isinstance(directory, SqlDirectory) and not directory.uri:
        return replace(directory, uri=hidden)
    return directory


def test_empty_catalog_is_an_explicit_empty_list() -> None:
    """An empty catalog is written as an explicit empty list, which can be read."""
    assert write_providers(Catalog(), "toml") == "provider = []\n"
    assert read_providers("provider = []\n", name="x", format="toml").catalog == Catalog()


def test_only_directory_servers() -> None:
    """A catalog may consist of only a directory server."""
    server = LdapServer(7, "ldap.example.com", 389, True, "dc=x", "(mail={0})", "uid", None)
    catalog = Catalog(directories=(server,))
    text = write_providers(catalog, "toml")
    assert read_providers(text, name="x", format="toml").catalog == catalog


@pytest.mark.parametrize("form", FORMATS)
def test_golden_text(form: FileFormat) -> None:
    """The written text has the layout of the golden file, which is canonical."""
    golden = (GOLDEN / f"providers.{form}").read_text(encoding="utf-8")
    catalog = read_providers(golden, name="golden", format=form).catalog
    assert write_providers(catalog, form) == golden


def test_golden_files_have_the_same_catalog() -> None:
    """The golden files in both formats contain the same catalog."""
    toml, as_json = (
        read_providers(
            (GOLDEN / f"providers.{form}").read_text(encoding="utf-8"), name=form, format=form
        ).catalog
        for form in FORMATS
    )
    assert toml == as_json
