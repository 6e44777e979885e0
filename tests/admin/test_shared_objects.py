"""Providers and directories, which domains share."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.admin.cases import IMAP, INC, SMTP, served
from tests.database.statements import recorded_statements
from waypost.admin.facade import Admin
from waypost.admin.objects import MASK
from waypost.admin.results import ChangeResult
from waypost.core.address import DomainName
from waypost.core.errors import (
    ConfirmationNeeded,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
    VersionConflict,
)
from waypost.store.sql import schema
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.one_directory import stored_directory

LDAP = {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x", "bind_user": "cn=a"}


def test_life_of_a_provider(any_admin: Admin) -> None:
    """A provider is created, patched, renamed and deleted."""
    admin = any_admin
    created = admin.put_provider("Müller", {"contacts": ["mailto:x@example.com"]}).new
    assert created is not None
    assert admin.get_provider("Müller").data == {**created.data, "domains": 0}
    patched = admin.patch_provider("Müller", {"short_name": "M"}, if_match=created.version).new
    assert patched is not None
    assert patched.data == {**created.data, "short_name": "M"}
    with pytest.raises(VersionConflict):
        admin.delete_provider("Müller", if_match=created.version)
    admin.rename_provider("Müller", "Meier", if_match=patched.version)
    with pytest.raises(ObjectNotFound):
        admin.get_provider("Müller")
    admin.delete_provider("Meier")
    assert "Meier" not in [one.data["name"] for one in admin.list_providers().items]


def test_many_providers(any_admin: Admin) -> None:
    """A list of providers has the number of domains of each, by few queries; names need none."""
    admin, engine = any_admin, any_admin.source.database()
    admin.put_domain("a.example", served())
    expected = {one.data["name"]: one.data["domains"] for one in admin.list_providers().items}
    assert expected[INC] == 2
    new = [f"Provider {number}" for number in range(100)]
    with engine.begin() as connection:
        rows = [{"name": name, "short_name": name} for name in new]
        connection.execute(schema.provider.insert(), rows)
    expected |= dict.fromkeys(new, 0)
    with recorded_statements(engine) as statements:
        found = admin.list_providers(limit=1000).items
    assert {one.data["name"]: one.data["domains"] for one in found} == expected
    assert len(statements) < 10
    assert admin.provider_names() == sorted(expected)


def test_providers_that_share_a_name(admin: Admin) -> None:
    """The domains of all rows with a name are counted; other cases of it are other providers."""
    with admin.source.database().begin() as connection:
        for name in (INC, INC.upper()):
            connection.execute(schema.provider.insert(), {"name": name, "short_name": name})
    found = {one.data["name"]: one.data["domains"] for one in admin.list_providers().items}
    assert (found[INC], found[INC.upper()]) == (1, 0)
    assert admin.get_provider(INC).data["domains"] == 1


def test_a_provider_with_domains(any_admin: Admin) -> None:
    """A change of a provider says how many domains change, and must be confirmed."""
    admin = any_admin
    admin.put_domain("a.example", served())
    count = admin.get_provider(INC).data["domains"]
    assert count == 2
    with pytest.raises(ObjectInUse):
        admin.delete_provider(INC)
    calls: list[Callable[..., ChangeResult]] = [
        lambda **more: admin.patch_provider(INC, {"short_name": "New"}, **more),
        lambda **more: admin.rename_provider(INC, "Other Inc.", **more),
    ]
    for call in calls:
        with pytest.raises(ConfirmationNeeded) as caught:
            call()
        assert caught.value.count == count
        assert "2 domains" in call(dry_run=True).plan.changed[0]
        assert call(confirm=True).written
    assert admin.get_domain("a.example").data["provider"] == "Other Inc."


def test_services_of_all_domains(any_admin: Admin) -> None:
    """The services of all domains of a provider change together, with those of aliases."""
    admin = any_admin
    admin.put_domain("a.example", served())
    admin.put_domain("b.example", served(services=[SMTP]))
    admin.put_domain("alias.example", {"alias_of": "b.example"})
    before = admin.get_domain("boxes.example")
    wanted = [SMTP, {**IMAP, "host": "new.example.com"}]
    with pytest.raises(ConfirmationNeeded, match="4 domains"):
        admin.put_provider_services(INC, wanted)
    with pytest.raises(InvalidObject, match=r"services\[0\].host"):
        admin.put_provider_services(INC, [{"type": "imap"}], confirm=True)
    assert admin.put_provider_services(INC, wanted, confirm=True).written
    for name in ("a.example", "b.example", "example.com"):
        assert admin.get_domain(name).data["services"] == wanted
    alias = SqlStore(admin.source.database()).find(DomainName("alias.example"))
    assert alias is not None
    assert len(alias.services) == 2
    assert admin.get_domain("boxes.example") == before
    assert not admin.put_provider_services(INC, wanted).written


PROVIDER_MISTAKES: list[tuple[dict[str, Any], str]] = [
    # object, path
    ({"services": []}, "services"),
    ({"color": 1}, "color"),
    ({"short_name": ""}, "short_name"),
    ({"short_name": "x" * 33}, "short_name"),
    ({"name": "Other"}, "name"),
    ({"contacts": ["x"]}, "contacts[0]"),
    ({"documentation": [{"descriptions": {}}]}, "documentation[0].url"),
]


@pytest.mark.parametrize(("data", "path"), PROVIDER_MISTAKES)
def test_mistakes_in_providers(admin: Admin, data: Mapping[str, object], path: str) -> None:
    """A mistake in a provider is reported at its path."""
    with pytest.raises(InvalidObject) as caught:
        admin.put_provider("New", data)
    assert [at for at, _ in caught.value.mistakes] == [path]


BAD_CALLS: list[Callable[[Admin], object]] = [
    lambda admin: admin.rename_provider(INC, INC),
    lambda admin: admin.rename_provider(INC, "Boxes"),
    lambda admin: admin.rename_provider(INC, ""),
    lambda admin: admin.put_provider("x" * 200, {}),
    lambda admin: admin.put_directory("Upper", LDAP),
    lambda admin: admin.put_directory("ldapserver-x", {}),
    lambda admin: admin.put_directory("ldapserver-01", {}),
    lambda admin: admin.put_directory("people", {"kind": "fax"}),
    lambda admin: admin.put_directory("people", {**LDAP, "name": "other"}),
    lambda admin: admin.put_directory("people", {**LDAP, "ca_file": "relative.pem"}),
]


@pytest.mark.parametrize("call", BAD_CALLS)
def test_bad_calls(admin: Admin, call: Callable[[Admin], object]) -> None:
    """Names and objects that cannot be used are refused."""
    with pytest.raises(InvalidObject):
        call(admin)


def secret_of(admin: Admin, label: str) -> object:
    """Return the stored secret of a directory."""
    with admin.source.database().connect() as connection:
        directory = stored_directory(connection, label)
    secret = getattr(directory, "bind_password", None)
    return getattr(secret, "value", secret)


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("people", {**LDAP, "bind_password": "geheim"}),
        (
            "ldapserver-7",
            {"host": "l.example", "search_base": "dc=x", "bind_password": "geheim"},
        ),
    ],
)
def test_secrets(any_admin: Admin, label: str, data: dict[str, Any]) -> None:
    """A secret is stored and never given back; it stays until it is set or removed."""
    admin = any_admin
    created = admin.put_directory(label, data)
    assert created.new is not None
    assert created.new.data["bind_password"] == MASK
    assert secret_of(admin, label) == "geheim"
    without = {key: value for key, value in data.items() if key != "bind_password"}
    for same in (without, created.new.data):
        assert not admin.put_directory(label, same).written
    assert secret_of(admin, label) == "geheim"
    changed = admin.patch_directory(label, {"bind_password": "neu"})
    assert changed.new is not None
    assert changed.new.version != created.new.version
    assert secret_of(admin, label) == "neu"
    removed = admin.patch_directory(label, {"bind_password": None})
    assert removed.new is not None
    assert "bind_password" not in removed.new.data
    assert secret_of(admin, label) is None
    assert "geheim" not in repr(admin.audit().items)
    assert "geheim" not in repr([created, changed, removed])


def test_a_directory_in_use(any_admin: Admin) -> None:
    """A directory that domains use changes if that is confirmed, and cannot be deleted."""
    admin = any_admin
    admin.put_directory("people", LDAP)
    admin.patch_domain("example.com", {"users": {"directory": "people"}})
    with pytest.raises(ObjectInUse, match="1 domain of"):
        admin.delete_directory("people")
    with pytest.raises(ConfirmationNeeded):
        admin.patch_directory("people", {"search_base": "dc=y"})
    admin.patch_directory("people", {"search_base": "dc=y"}, confirm=True)
    admin.patch_domain("example.com", {"users": None})
    admin.delete_directory("people")
    with pytest.raises(ObjectNotFound):
        admin.get_directory("people")
