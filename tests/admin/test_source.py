"""A providers file: everything can be read, and nothing changes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.admin.cases import ROOT, served, tenant
from waypost.admin.facade import Admin
from waypost.admin.source import AdminSource, open_source
from waypost.core.errors import ObjectNotFound, StoreReadOnly
from waypost.demo import demo_catalog
from waypost.providers_file.load import write_providers
from waypost.settings import Settings


@pytest.fixture(name="providers")
def _providers(tmp_path: Path) -> Path:
    path = tmp_path / "mail.toml"
    path.write_text(write_providers(demo_catalog(), "toml"), encoding="utf-8")
    return path


@pytest.fixture(name="read_only")
def _read_only(providers: Path) -> Admin:
    return Admin(AdminSource(Settings(db_uri="sqlite://", providers=providers), None), ROOT)


def test_reading(read_only: Admin, admin: Admin) -> None:
    """A providers file gives the same objects as a database with the same content."""
    for wanted in ({}, {"prefix": "ex"}, {"provider": "Boxes"}, {"host": "imap.example.com"}):
        assert read_only.list_domains(**wanted) == admin.list_domains(**wanted)  # type: ignore[arg-type]
    assert list(read_only.export()) == list(admin.export())
    assert read_only.get_domain("example.com") == admin.get_domain("example.com")
    assert read_only.list_providers() == admin.list_providers()
    assert read_only.list_directories() == admin.list_directories()
    assert read_only.names("example.com") == admin.names("example.com")
    assert read_only.dns("example.com") == admin.dns("example.com")
    assert read_only.lint("*.example.edu") == admin.lint("*.example.edu")
    limited = Admin(read_only.source, tenant("example.com"))
    assert [one.data["name"] for one in limited.list_domains().items] == ["example.com"]
    assert [one.data["name"] for one in limited.list_providers().items] == ["Example Inc."]
    with pytest.raises(ObjectNotFound):
        limited.get_domain("example.org")
    first = read_only.list_domains(limit=2)
    rest = read_only.list_domains(limit=100, cursor=first.next)
    assert [*first.items, *rest.items] == list(read_only.export())


CHANGES: list[Callable[[Admin], object]] = [
    lambda admin: admin.put_domain("new.example", served()),
    lambda admin: admin.delete_domain("example.com"),
    lambda admin: admin.put_provider("New", {}, dry_run=True),
    lambda admin: admin.put_directory("new", {}),
    lambda admin: list(admin.bulk([])),
    lambda admin: admin.audit(),
    lambda admin: admin.undo(1),
]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_changes(
    read_only: Admin, providers: Path, change: Callable[[Admin], object]
) -> None:
    """A change is refused, and the error says where the file is."""
    with pytest.raises(StoreReadOnly, match=str(providers)) as caught:
        change(read_only)
    assert caught.value.path == str(providers)


def test_the_file_is_read_again(read_only: Admin, providers: Path) -> None:
    """A changed file is read for the next request."""
    assert len(list(read_only.export())) > 1
    providers.write_text('[[provider]]\nname = "P"\ndomains = ["one.example"]\n', encoding="utf-8")
    assert [one.data["name"] for one in read_only.export()] == ["one.example"]


def test_open_source(providers: Path, file: Path) -> None:
    """The settings say where the domains are."""
    with open_source(Settings(db_uri=f"sqlite:///{file}")) as source:
        assert source.database().dialect.name == "sqlite"
    for settings in (
        Settings(db_uri="sqlite://", providers=providers),
        Settings(db_uri="sqlite://", demo=True),
    ):
        with open_source(settings) as source, pytest.raises(StoreReadOnly):
            source.database()
