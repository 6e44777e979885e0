"""A domain that is created together with its provider, and undoing this."""

from collections.abc import Callable

import pytest

from tests.admin.cases import IMAP, READER, SMTP, served, tenant
from waypost.admin.facade import Admin
from waypost.core.errors import (
    AccessForbidden,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
    UndoRefused,
    VersionConflict,
    WaypostError,
)

NAME, NEW = "new.example", "New / Mail"
DATA = {"provider": NEW, "services": [IMAP, SMTP]}


def _state(admin: Admin) -> tuple[object, object]:
    return list(admin.export()), admin.list_providers()


def _actions(admin: Admin) -> list[tuple[str, str | None, int | None]]:
    return [(one.action, one.object_name, one.undo_of) for one in admin.audit().items[::-1]]


def test_both_or_none(any_admin: Admin) -> None:
    """Both are created in one transaction; undo takes back both, and undo of this makes both."""
    admin = any_admin
    before = _state(admin)
    planned = admin.add_domain_with_provider(NAME, DATA, dry_run=True)
    assert (planned.written, planned.audit_id, planned.plan.counts) == (False, None, (4, 0, 0))
    assert _state(admin) == before
    added = admin.add_domain_with_provider(NAME, DATA)
    assert added.plan == planned.plan
    assert added.new is not None
    assert added.new.data["provider"] == NEW
    created = _state(admin)
    first = added.audit_id or 0
    assert _actions(admin) == [("put", NEW, None), ("add_with_provider", NAME, None)]
    planned = admin.undo(first, dry_run=True)
    assert planned.plan.counts == (0, 0, 2)
    assert _state(admin) == created
    undone = admin.undo(first)
    assert (undone.plan, undone.warnings, undone.old) == (planned.plan, (), added.new)
    assert _state(admin) == before
    assert _actions(admin)[2:] == [("undo", NAME, first), ("undo", NEW, first - 1)]
    with pytest.raises(UndoRefused):
        admin.undo(first)
    second = undone.audit_id or 0
    again = admin.undo(second)
    assert _state(admin) == created
    assert _actions(admin)[4:] == [("undo", NEW, second + 1), ("undo", NAME, second)]
    admin.undo(again.audit_id or 0)
    assert _state(admin) == before


REFUSED: list[tuple[Callable[[Admin], object], type[WaypostError], str]] = [
    # the provider exists
    (
        lambda admin: admin.add_domain_with_provider(NAME, DATA | {"provider": "Boxes"}),
        *(VersionConflict, "provider 'Boxes' exists already"),
    ),
    # the domain exists
    (
        lambda admin: admin.add_domain_with_provider("example.com", DATA),
        *(VersionConflict, "domain example.com exists already"),
    ),
    # a mistake of the domain
    (
        lambda admin: admin.add_domain_with_provider(NAME, DATA | {"services": [{"type": "x"}]}),
        *(InvalidObject, "services"),
    ),
    # a mistake of the provider
    (
        lambda admin: admin.add_domain_with_provider(NAME, DATA | {"provider": " "}),
        *(InvalidObject, "provider"),
    ),
    (
        lambda admin: admin.add_domain_with_provider(NAME, {"services": []}),
        *(InvalidObject, "provider"),
    ),
    (
        lambda admin: Admin(admin.source, tenant(NAME)).add_domain_with_provider(NAME, DATA),
        *(AccessForbidden, "create provider"),
    ),
    (
        lambda admin: Admin(admin.source, READER).add_domain_with_provider(NAME, DATA),
        *(AccessForbidden, "may only read"),
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refused(
    admin: Admin, call: Callable[[Admin], object], error: type[WaypostError], message: str
) -> None:
    """If one of them cannot be created, neither is, and the audit log has no entry."""
    before = _state(admin)
    with pytest.raises(error, match=message):
        call(admin)
    assert _state(admin) == before
    assert _actions(admin) == []


KEPT: list[tuple[Callable[[Admin], object], str]] = [
    (lambda admin: admin.put_domain("second.example", served(provider=NEW)), "other domains"),
    (lambda admin: admin.patch_provider(NEW, {"short_name": "N"}, confirm=True), "has changed"),
]


@pytest.mark.parametrize(("change", "reason"), KEPT)
def test_a_provider_is_kept(admin: Admin, change: Callable[[Admin], object], reason: str) -> None:
    """Undo keeps a provider that is used or has changed since, and says so."""
    audit_id = admin.add_domain_with_provider(NAME, DATA).audit_id or 0
    change(admin)
    for dry_run in (True, False):
        undone = admin.undo(audit_id, dry_run=dry_run)
        (warning,) = undone.warnings
        assert warning.startswith(f"provider '{NEW}' was created with this domain, and is kept: ")
        assert reason in warning
    with pytest.raises(ObjectNotFound):
        admin.get_domain(NAME)
    provider = admin.get_provider(NEW)
    admin.undo(undone.audit_id or 0)
    assert admin.get_domain(NAME).data["provider"] == NEW
    assert admin.get_provider(NEW).version == provider.version


def test_only_the_provider(admin: Admin) -> None:
    """The creation of the provider alone is not undone while the domain exists."""
    audit_id = admin.add_domain_with_provider(NAME, DATA).audit_id or 0
    with pytest.raises(ObjectInUse, match="1 domain"):
        admin.undo(audit_id - 1)


def test_a_tenant_keeps_the_provider(admin: Admin) -> None:
    """A tenant undoes the creation of its domain; providers are not its business."""
    audit_id = admin.add_domain_with_provider(NAME, DATA).audit_id or 0
    assert Admin(admin.source, tenant(NAME)).undo(audit_id).written
    assert admin.get_provider(NEW).data["domains"] == 0
