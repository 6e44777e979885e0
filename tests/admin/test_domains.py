"""List, read and change single domains."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.admin.cases import IMAP, INC, SMTP, served
from waypost.admin.facade import Admin
from waypost.core.address import DomainName
from waypost.core.errors import (
    ConfirmationNeeded,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
    VersionConflict,
)
from waypost.store.sql.store import SqlStore

NEW = "new.example"
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    # object, path, part of the rule
    ({}, "provider", "is missing"),
    (served(provider="Absent"), "provider", "the database has no provider 'Absent'"),
    (served(provider="exampl inc"), "provider", "; did you mean 'Example Inc.'?"),
    (served(provider=7), "provider", "must be a string"),
    (served(name="other.example"), "name", "use rename"),
    (served(name="a..b"), "name", "empty label"),
    (served(color="red"), "color", "unknown key"),
    (served(services={}), "services", "must be a list"),
    (served(services=["imap"]), "services[0]", "must be a table"),
    (served(services=[{**IMAP, "port": 70000}]), "services[0].port", "from 1 to 65535"),
    (served(services=[IMAP, {"type": "smtp"}]), "services[1].host", "is missing"),
    (served(services=[{**IMAP, "port": 993, "security": "starttls"}]), "services[0].port", "993"),
    (served(services=[{**IMAP, "domains": [NEW]}]), "services[0].domains", "cannot be used here"),
    (served(services=[{**IMAP, "host": "a b"}]), "services[0].host", ""),
    (
        served(services=[{**IMAP, "login_name": "%{uid}"}]),
        "services[0].login_name",
        "requires a directory",
    ),
    (served(users={"directory": "absent"}), "users.directory", "no [[directory]]"),
    (served(users={"unknown_user": "decline"}), "users.directory", "is missing"),
    (served(users={"ldapserver": 7}), "users.ldapserver", "no [[ldapserver]]"),
    (served(declined=True, redirect_address="x.example"), "declined", "cannot be combined"),
    (served(redirect_address=NEW), "redirect_address", "cannot redirect to itself"),
    (served(redirect_url="http://x.example/"), "redirect_url", "must begin with https"),
    ({"alias_of": "example.com", "services": []}, "services", "cannot be combined with alias_of"),
    ({"alias_of": "absent.example"}, "alias_of", "is not a domain of this database"),
    ({"alias_of": NEW}, "alias_of", ""),
    ({"alias_of": "example.com", "provider": "Boxes"}, "provider", "the provider of example.com"),
]


@pytest.mark.parametrize(("data", "path", "rule"), MISTAKES)
def test_mistakes(admin: Admin, data: Mapping[str, object], path: str, rule: str) -> None:
    """A mistake is reported at its path, in the words of a providers file; nothing changes."""
    with pytest.raises(InvalidObject) as caught:
        admin.put_domain(NEW, data)
    assert path in {at for at, text in caught.value.mistakes if rule in text}
    with pytest.raises(ObjectNotFound):
        admin.get_domain(NEW)


def test_all_mistakes_at_once(admin: Admin) -> None:
    """All mistakes of an object are reported at once."""
    services = [{**IMAP, "port": 0}, {"type": "fax"}]
    with pytest.raises(InvalidObject) as caught:
        admin.put_domain(NEW, served(services=services, x=1))
    paths = {path for path, _ in caught.value.mistakes}
    assert paths == {"x", "services[0].port", "services[1].type"}


@pytest.mark.parametrize("name", ["", "a..b", "a*.example", "x" * 130 + ".example", "ab\0.example"])
def test_bad_names(admin: Admin, name: str) -> None:
    """A name that is not a domain is refused everywhere."""
    for call in (admin.get_domain, admin.delete_domain):
        with pytest.raises(InvalidObject):
            call(name)
    with pytest.raises(InvalidObject):
        admin.put_domain(name, served())


def test_life_of_a_domain(any_admin: Admin) -> None:
    """A domain is created, read, replaced, patched, renamed and deleted; clients get it."""
    admin = any_admin
    store = SqlStore(admin.source.database())
    created = admin.put_domain("BÜCHER2.example", served())
    assert created.new is not None
    name = created.new.data["name"]
    assert name.startswith("xn--bcher2-")
    assert (created.written, created.old) == (True, None)
    assert created.new == admin.get_domain(name)
    assert created.new.data == {"name": name, **served()}
    found = store.find(DomainName(name))
    assert found is not None
    assert [service.type for service in found.services] == ["imap", "smtp"]

    replaced = admin.put_domain(name, served(services=[IMAP], declined=True))
    assert replaced.old == created.new
    assert replaced.plan.counts == (0, 1, 1)
    patched = admin.patch_domain(name, {"declined": None, "services": [SMTP, IMAP]})
    assert patched.new is not None
    assert patched.new.data == {"name": name, **served(services=[SMTP, IMAP])}
    assert admin.get_domain(name) == patched.new

    renamed = admin.rename_domain(name, NEW)
    assert renamed.new == admin.get_domain(NEW)
    assert store.find(DomainName(name)) is None
    assert admin.delete_domain(NEW).new is None
    assert store.find(DomainName(NEW)) is None


def test_other_domains_keep_a_shared_service(any_admin: Admin) -> None:
    """A service that domains share is split when one of them changes."""
    for name in ("a.example", "b.example", "c.example"):
        any_admin.put_domain(name, served())
    before = any_admin.get_domain("a.example")
    any_admin.put_service("b.example", 0, {**IMAP, "host": "other.example"})
    assert any_admin.get_domain("a.example") == before
    changed = any_admin.get_domain("b.example").data
    assert [service["host"] for service in changed["services"]] == [
        "other.example",
        "smtp.example.com",
    ]
    any_admin.put_service("b.example", 0, IMAP)
    assert any_admin.get_domain("b.example").data == {**before.data, "name": "b.example"}


def test_nothing_to_do(admin: Admin) -> None:
    """The same object again changes nothing, and writes no entry into the audit log."""
    first = admin.put_domain(NEW, served())
    assert first.new is not None
    again = admin.put_domain(NEW, first.new.data)
    assert (again.written, again.plan.is_empty, again.new) == (False, True, first.new)
    assert len(admin.audit().items) == 1


def test_dry_run(admin: Admin) -> None:
    """A dry run gives the plan of apply, and changes nothing."""
    result = admin.put_domain(NEW, served(), dry_run=True)
    assert result.plan.added[0] == f"domain {NEW} ({INC})"
    assert (result.written, result.audit_id) == (False, None)
    with pytest.raises(ObjectNotFound):
        admin.get_domain(NEW)


def test_versions(any_admin: Admin) -> None:
    """A change against an old version is refused, with both versions."""
    admin = any_admin
    first = admin.put_domain(NEW, served(), if_none_match="*").new
    assert first is not None
    second = admin.patch_domain(NEW, {"declined": True}, if_match=first.version).new
    assert second is not None
    changes: list[Callable[[], object]] = [
        lambda: admin.put_domain(NEW, served(), if_match=first.version),
        lambda: admin.patch_domain(NEW, {}, if_match=first.version),
        lambda: admin.delete_domain(NEW, if_match=first.version),
        lambda: admin.rename_domain(NEW, "x.example", if_match=first.version),
    ]
    for change in changes:
        with pytest.raises(VersionConflict) as caught:
            change()
        assert (caught.value.expected, caught.value.current) == (first.version, second.version)
    with pytest.raises(VersionConflict):
        admin.put_domain(NEW, served(), if_none_match="*")
    with pytest.raises(VersionConflict):
        admin.put_domain("absent.example", served(), if_match="*")
    assert admin.delete_domain(NEW, if_match="*").written


def test_aliases_follow(any_admin: Admin) -> None:
    """Aliases change with their domain if that is confirmed, and prevent its deletion."""
    admin = any_admin
    admin.put_domain(NEW, served())
    admin.put_domain("alias.example", {"alias_of": NEW})
    admin.put_domain("second.example", {"alias_of": "alias.example"})
    assert admin.get_domain("second.example").data["alias_of"] == NEW
    with pytest.raises(ConfirmationNeeded) as caught:
        admin.patch_domain(NEW, {"services": [SMTP, IMAP]})
    assert (caught.value.affected, caught.value.count) == (("alias.example", "second.example"), 2)
    with pytest.raises(ObjectInUse):
        admin.delete_domain(NEW)
    admin.patch_domain(NEW, {"services": [SMTP, IMAP]}, confirm=True)
    admin.rename_domain(NEW, "newer.example", confirm=True)
    for alias in ("alias.example", "second.example"):
        assert admin.get_domain(alias).data["alias_of"] == "newer.example"
        found = SqlStore(admin.source.database()).find(DomainName(alias))
        assert found is not None
        assert [service.type for service in found.services] == ["smtp", "imap"]
    with pytest.raises(InvalidObject, match="forms a loop"):
        admin.patch_domain("newer.example", {"alias_of": "alias.example"})
    own = admin.patch_domain("alias.example", {"alias_of": None}).new
    assert own is not None
    assert [service["type"] for service in own.data["services"]] == ["smtp", "imap"]


def test_redirect_loops(admin: Admin) -> None:
    """Domains that redirect to each other are refused."""
    admin.put_domain("a.example", served(redirect_address="b.example"))
    with pytest.raises(InvalidObject, match=r"b\.example to a\.example to b\.example"):
        admin.put_domain("b.example", served(redirect_address="a.example"))


def test_lists(any_admin: Admin) -> None:
    """Lists are sorted by name, and cursors continue them; filters select."""
    admin = any_admin
    for number in range(7):
        admin.put_domain(f"d{number}.list.example", served())
    admin.put_domain(
        "other.list.example", {"provider": "Boxes", "services": [{**IMAP, "host": "h.example"}]}
    )
    everything = [one.data["name"] for one in admin.export()]
    assert everything == sorted(everything)
    for size in (1, 3, 1000):
        names: list[str] = []
        cursor = None
        while True:
            page = admin.list_domains(limit=size, cursor=cursor)
            names += [one.data["name"] for one in page.items]
            if (cursor := page.next) is None:
                break
        assert names == everything

    def listed(**filters: Any) -> list[str]:
        return [one.data["name"] for one in admin.list_domains(**filters).items]

    assert listed(prefix="D1") == ["d1.list.example"]
    assert listed(host="H.example") == ["other.list.example"]
    assert listed(host="absent.example") == []
    assert listed(provider="Boxes") == ["boxes.example", "other.list.example"]
    with pytest.raises(ObjectNotFound, match=r"'Boxes2'; did you mean 'Boxes'\?"):
        listed(provider="Boxes2")
    assert listed(provider="Boxes", prefix="o") == ["other.list.example"]
    assert listed(prefix="%") == listed(prefix="_") == []


@pytest.mark.parametrize(
    "cursor", ["x", "é", "W10", "WzFd", "x" * 3000, "eyJhIjoxfQ", "WyJhIiwiYiJd"]
)
def test_bad_cursors(admin: Admin, cursor: str) -> None:
    """A cursor that Waypost did not write is refused."""
    with pytest.raises(InvalidObject, match="cursor"):
        admin.list_domains(cursor=cursor)
    with pytest.raises(InvalidObject, match="cursor"):
        admin.audit(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_bad_limits(admin: Admin, limit: int) -> None:
    """The number of items has limits."""
    with pytest.raises(InvalidObject, match="limit"):
        admin.list_domains(limit=limit)


def test_objects_are_json(admin: Admin) -> None:
    """Every object can be written as JSON, and put again without a change."""
    for stored in admin.export():
        data = json.loads(json.dumps(stored.data))
        assert not admin.put_domain(data["name"], data).written
