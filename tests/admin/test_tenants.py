"""What a tenant sees, and what is refused."""

from collections.abc import Callable

import pytest

from tests.admin.cases import IMAP, INC, READER, SMTP, served, tenant
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.core.errors import AccessForbidden, InvalidObject, ObjectNotFound, WaypostError

LDAP = {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x"}
OWN = "a.own.example"


@pytest.fixture(name="as_tenant")
def _as_tenant(any_admin: Admin) -> Callable[..., Admin]:
    """Return a function from limits to the use cases of a tenant."""
    any_admin.put_directory("people", {**LDAP, "bind_user": "cn=x", "bind_password": "hidden"})
    any_admin.put_directory("others", LDAP)
    any_admin.put_provider("Own Mail", {})
    services = [{**IMAP, "host": "mail.own.example"}]
    any_admin.put_domain(
        OWN, served(provider="Own Mail", services=services, users={"directory": "people"})
    )
    any_admin.put_domain("b.own.example", served())

    def use(*patterns: str, provider: str | None = None) -> Admin:
        return Admin(any_admin.source, tenant(*patterns, provider=provider))

    return use


def names(admin: Admin) -> tuple[list[str], list[str], list[str]]:
    """Return the domains, providers and directories of lists."""
    pages = admin.list_domains(), admin.list_providers(), admin.list_directories()
    domains, providers, directories = ([one.data["name"] for one in page.items] for page in pages)
    return domains, providers, directories


def test_lists(as_tenant: Callable[..., Admin]) -> None:
    """A tenant sees its domains, their providers, and only the labels of their directories."""
    assert names(as_tenant("*.own.example")) == (
        [OWN, "b.own.example"],
        [INC, "Own Mail"],
        ["people"],
    )
    assert names(as_tenant(OWN)) == ([OWN], ["Own Mail"], ["people"])
    assert names(as_tenant(provider="Own Mail")) == ([OWN], ["Own Mail"], ["people"])
    assert names(as_tenant("*.own.example", provider=INC)) == (["b.own.example"], [INC], [])
    assert names(as_tenant("absent.example")) == ([], [], [])
    assert as_tenant(OWN).get_directory("people").data == {"name": "people"}
    assert "domains" not in as_tenant(OWN).get_provider("Own Mail").data
    for limits in ((OWN,), ("absent.example",)):
        for name in (INC, "No Such Provider"):
            with pytest.raises(ObjectNotFound, match=f"^there is no provider '{name}'$"):
                as_tenant(*limits).list_domains(provider=name)
    with pytest.raises(ObjectNotFound, match="did you mean 'Own Mail'"):
        as_tenant(provider="Own Mail").list_domains(provider="Own Mai")
    assert [one.data["name"] for one in as_tenant(OWN).export()] == [OWN]


def test_what_is_hidden_does_not_exist(as_tenant: Callable[..., Admin]) -> None:
    """What a tenant must not see is answered like what does not exist."""
    admin = as_tenant(OWN)
    calls: list[tuple[Callable[[str], object], str]] = [
        (admin.get_domain, "example.com"),
        (admin.get_provider, INC),
        (admin.get_directory, "others"),
        (admin.lint, "example.com"),
        (admin.dns, "example.com"),
        (admin.names, "example.com"),
        (lambda name: admin.preview(f"x@{name}", "autoconfig"), "example.com"),
    ]
    for call, hidden in calls:
        texts = set()
        absent = "absent.example" if "." in hidden else "absent"
        for name in (hidden, absent):
            with pytest.raises(ObjectNotFound) as caught:
                call(name)
            texts.add(str(caught.value).replace(name, "NAME"))
        assert len(texts) == 1


REFUSED: list[tuple[Callable[[Admin], object], type[WaypostError]]] = [
    (lambda admin: admin.put_domain("example.com", served()), AccessForbidden),
    (lambda admin: admin.put_domain("absent.example", served()), AccessForbidden),
    (lambda admin: admin.patch_domain("absent.example", {}), AccessForbidden),
    (lambda admin: admin.delete_domain("example.com"), AccessForbidden),
    (lambda admin: admin.rename_domain(OWN, "example.com"), AccessForbidden),
    (lambda admin: admin.rename_domain(OWN, "absent.example"), AccessForbidden),
    (lambda admin: admin.put_provider("Own Mail", {}), AccessForbidden),
    (lambda admin: admin.put_provider_services("Own Mail", []), AccessForbidden),
    (lambda admin: admin.delete_provider("Absent"), AccessForbidden),
    (lambda admin: admin.put_directory("people", LDAP), AccessForbidden),
    # Nothing outside of the limits can be used.
    (lambda admin: admin.patch_domain(OWN, {"provider": INC}), InvalidObject),
    (lambda admin: admin.patch_domain(OWN, {"users": {"directory": "others"}}), InvalidObject),
    (lambda admin: admin.patch_domain(OWN, {"alias_of": "example.com"}), InvalidObject),
    (lambda admin: admin.copy_domain(OWN, "example.com"), InvalidObject),
]


@pytest.mark.parametrize(("call", "error"), REFUSED)
def test_refused(
    as_tenant: Callable[..., Admin],
    call: Callable[[Admin], object],
    error: type[WaypostError],
) -> None:
    """A tenant changes nothing outside of its limits, and uses nothing from there."""
    with pytest.raises(error) as caught:
        call(as_tenant(OWN))
    assert "others" not in str(caught.value).replace("'others'", "")


def test_provider_without_patterns(as_tenant: Callable[..., Admin]) -> None:
    """A tenant with a provider changes the domains of this provider, and creates none."""
    admin = as_tenant(provider="Own Mail")
    assert admin.patch_domain(OWN, {"declined": True}).written
    refusals = set()
    for name in ("example.com", "absent.example"):
        with pytest.raises(AccessForbidden) as caught:
            admin.put_domain(name, served(provider="Own Mail"))
        refusals.add(str(caught.value).replace(name, "NAME"))
    assert len(refusals) == 1


def test_own_changes(as_tenant: Callable[..., Admin]) -> None:
    """A tenant creates, changes and undoes within its patterns, and sees its own history."""
    admin = as_tenant("*.own.example")
    created = admin.put_domain("c.own.example", {"provider": "Own Mail"})
    assert created.new is not None
    assert created.new.data["users"] == {"directory": "people"}
    assert created.audit_id is not None
    admin.undo(created.audit_id)
    entries = admin.audit().items
    assert {entry.object_name for entry in entries} == {OWN, "b.own.example", "c.own.example"}
    assert entries[0].undo_of == created.audit_id
    hidden = as_tenant("z.example")
    assert hidden.audit().items == ()
    with pytest.raises(ObjectNotFound):
        hidden.undo(created.audit_id)


@pytest.mark.parametrize("principal", [READER])
def test_readers(admin: Admin, principal: Principal) -> None:
    """A principal that may only read changes nothing, and may not even try."""
    reader = Admin(admin.source, principal)
    assert reader.list_domains().items
    for call in (
        lambda: reader.put_domain("example.com", {}),
        lambda: reader.delete_domain("absent.example"),
        lambda: reader.put_provider(INC, {}),
        lambda: reader.delete_directory("x"),
        lambda: list(reader.bulk([b"{}"])),
        lambda: reader.undo(1),
    ):
        with pytest.raises(AccessForbidden):
            call()


def test_services_of_others_are_no_model(as_tenant: Callable[..., Admin]) -> None:
    """A domain without services gets those of the tenant's domains, and no name of others."""
    root = as_tenant()
    for name in ("one.other.example", "two.other.example"):
        services = [{**IMAP, "host": f"mail.{name}"}]
        root.put_domain(name, served(provider="Own Mail", services=services))
    with pytest.raises(InvalidObject, match="has no other domain whose services can be used"):
        as_tenant(OWN).put_domain(OWN, {"provider": "Own Mail"})
    created = as_tenant("*.own.example").put_domain("c.own.example", {"provider": "Own Mail"})
    assert created.new is not None
    assert created.new.data["services"][0]["host"] == "mail.own.example"


def test_suggestions_have_no_name_of_others(admin: Admin) -> None:
    """An unknown provider of a domain gets a similar one only if the tenant sees it."""
    limited = Admin(admin.source, tenant("*.example.com", "example.com"))
    for name, hint in (("Modern Mai", ""), ("Example In", "; did you mean 'Example Inc.'?")):
        with pytest.raises(InvalidObject) as caught:
            limited.put_domain("new.example.com", served(provider=name))
        rule = f"the database has no provider {name!r}{hint}"
        assert caught.value.mistakes == (("provider", rule),)


def test_aliases_of_others_follow_without_a_word(as_tenant: Callable[..., Admin]) -> None:
    """The alias of another tenant follows its domain, and is in no plan, count or error."""
    root, admin = as_tenant(), as_tenant(OWN, "new.own.example")
    root.put_domain("hidden.other.example", {"alias_of": OWN})
    planned = [
        admin.patch_domain(OWN, {"declined": True}, dry_run=True),
        admin.rename_domain(OWN, "new.own.example", dry_run=True),
    ]
    assert "hidden" not in str(planned)
    line = b'{"name": "a.own.example", "provider": "Own Mail", "services": [], "declined": true}'
    assert "hidden" not in str([*admin.bulk([line], dry_run=True)])
    assert admin.patch_domain(OWN, {"declined": True}).written
    assert admin.rename_domain(OWN, "new.own.example").written
    assert root.get_domain("hidden.other.example").data["alias_of"] == "new.own.example"


def test_redirects_of_others_form_no_loop(as_tenant: Callable[..., Admin]) -> None:
    """The check for loops does not show where the domains of others redirect to."""
    root, admin = as_tenant(), as_tenant(OWN)
    redirect = {"provider": "Own Mail", "services": [], "redirect_address": OWN}
    root.put_domain("hidden.other.example", redirect)
    changes = {
        name: admin.patch_domain(OWN, {"redirect_address": name}, dry_run=True).plan.counts
        for name in ("hidden.other.example", "absent.other.example")
    }
    assert len(set(changes.values())) == 1


def test_where_domains_come_from_and_go(as_tenant: Callable[..., Admin]) -> None:
    """The audit log shows a tenant no name, provider or service that its domain had elsewhere."""
    root = as_tenant()
    gone = root.rename_domain(OWN, "hidden.other.example").audit_id or 0
    root.patch_domain("hidden.other.example", {"declined": True})
    tenant_of_name = as_tenant(OWN)
    assert "hidden" not in str(tenant_of_name.audit().items)
    with pytest.raises(AccessForbidden) as caught:
        tenant_of_name.undo(gone)
    assert "hidden" not in str(caught.value)
    root.patch_domain("hidden.other.example", {"provider": INC, "services": [SMTP]})
    came = as_tenant(provider=INC).audit(object="hidden.other.example").items
    assert [entry.before for entry in came] == [None]
    assert [entry.after for entry in came] != [None]


def test_similar_providers(as_tenant: Callable[..., Admin]) -> None:
    """The audit log of a tenant has nothing of a provider whose name differs only in case."""
    root = as_tenant()
    root.put_provider("own mail", {})
    root.put_domain("other.example", served(provider="own mail"))
    assert as_tenant(provider="own mail").audit().items
    audited = as_tenant(provider="Own Mail").audit().items
    assert {entry.object_name for entry in audited} == {OWN}
    assert root.audit(object="provider:own MAIL").items == ()
