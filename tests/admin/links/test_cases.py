"""The use cases about setup links: who may create, list and revoke them, and what is noted."""

from dataclasses import replace

import pytest

from tests.admin.cases import READER, ROOT, served, tenant
from waypost.admin.facade import Admin
from waypost.admin.links.cases import SetupLinkCases
from waypost.admin.principal import Principal
from waypost.admin.source import AdminSource
from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AccessForbidden,
    DomainNotServed,
    InvalidObject,
    LinkError,
    ObjectNotFound,
    SettingsError,
)
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget, LinkTerms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.token import token_of
from waypost.store.sql.setup_link_rows import SetupLinkRows

KEY = "k" * 40
PASSWORD = "correct horse battery"
ONE_DAY = LinkTerms(86_400, 2, PASSWORD)
HALF_HOUR = LinkTerms(1800)


def target(address: str = "alice@example.com", *aliases: str) -> LinkTarget:
    others = tuple(map(EmailAddress.parse, aliases))
    return LinkTarget(EmailAddress.parse(address), "Alice", others, "phone")


@pytest.fixture(name="source")
def _source(admin: Admin) -> AdminSource:
    """Return the sample providers in a SQLite file, with links enabled."""
    settings = admin.source.settings.model_copy(update={"link_key": KEY})
    return AdminSource(settings, admin.source.engine)


def links(source: AdminSource, principal: Principal = ROOT) -> SetupLinkCases:
    return Admin(source, principal).setup_links


def entries(source: AdminSource) -> list[tuple[str, str | None]]:
    """Return the actions and objects of the audit log, the newest first."""
    page = Admin(source, ROOT).audit()
    return [(one.action, one.object_name) for one in page.items]


def test_life_of_a_link(source: AdminSource) -> None:
    """A new link opens with its password, is listed and noted without it, and can be revoked."""
    cases = links(source)
    new = cases.create(target("alice@example.com", "a@example.com"), ONE_DAY)
    assert new.url.startswith("https://autodiscover.example.com/")
    assert (new.data["url"], new.data["uses"], new.is_reusable) == (new.url, 2, False)
    assert source.engine is not None
    opened = SetupLinks(SetupLinkRows(source.engine), LinkKeys([KEY])).begin(token_of(new.url))
    assert opened.app_password == PASSWORD

    (shown,), cursor = cases.page(50)
    assert cursor is None
    assert shown | {"created": "", "expires": ""} == {
        "id": new.data["id"],
        "address": "alice@example.com",
        "name": "Alice",
        "aliases": ["a@example.com"],
        "device": "phone",
        "has_password": True,
        "uses_left": 2,
        "state": "valid",
        "created": "",
        "expires": "",
        "used": None,
    }
    cases.revoke(new.data["id"])
    assert cases.page(50) == ([], None)
    page = Admin(source, ROOT).audit(object="setup_link:example.com")
    assert [one.action for one in page.items] == ["revoke", "create"]
    revoked, created = page.items
    assert created.after is not None
    assert created.after["app_password"] == "********"
    assert revoked.before == created.after
    for text in (f"{shown}", f"{page.items}"):
        assert PASSWORD not in text
        assert token_of(new.url) not in text


def test_public_url(source: AdminSource) -> None:
    """A link begins with the public URL of the settings, if there is one."""
    settings = source.settings.model_copy(update={"public_url": "https://setup.example.net"})
    url = links(AdminSource(settings, source.engine)).create(target(), HALF_HOUR).url
    assert url.startswith("https://setup.example.net/")


def test_plans_change_nothing(source: AdminSource) -> None:
    """A dry run says what would happen, and neither creates nor removes a link."""
    cases = links(source)
    planned = cases.plan_creation(target(), ONE_DAY)
    assert (planned.written, planned.old) == (False, None)
    assert planned.plan.added == ("setup link for alice@example.com",)
    assert PASSWORD not in f"{planned}"
    assert cases.page(50) == ([], None)
    number = cases.create(target(), HALF_HOUR).data["id"]
    planned = cases.plan_revocation(number)
    assert planned.plan.removed == (f"setup link {number} for alice@example.com",)
    assert [one["id"] for one in cases.page(50)[0]] == [number]
    assert entries(source) == [("create", "example.com")]


REFUSED = [
    # the principal, the address, an alias
    (READER, "alice@example.com", ()),
    (tenant("example.org"), "alice@example.com", ()),
    (tenant("example.org"), "alice@absent.test", ()),
    (tenant("*.example.com"), "alice@example.com", ()),
    (tenant(provider="Example Network"), "alice@example.com", ()),
    (tenant(provider="Example Network"), "alice@absent.test", ()),
    (tenant("example.com"), "alice@example.com", ("ceo@example.org",)),
    (tenant("example.com"), "alice@example.com", ("ceo@absent.test",)),
]


@pytest.mark.parametrize(("principal", "address", "aliases"), REFUSED)
def test_refused(
    source: AdminSource, principal: Principal, address: str, aliases: tuple[str, ...]
) -> None:
    """A link for an address of others is refused, whether the domain exists or not."""
    cases = links(source, principal)
    for call in (cases.create, cases.plan_creation):
        with pytest.raises(AccessForbidden) as caught:
            call(target(address, *aliases), ONE_DAY)
        assert PASSWORD not in str(caught.value)
    assert links(source).page(50) == ([], None)


def test_links_of_others(source: AdminSource) -> None:
    """A tenant sees and revokes links of its domains alone; others do not exist for it."""
    own = links(source).create(target(), HALF_HOUR).data["id"]
    other = links(source).create(target("alice@example.org"), HALF_HOUR).data["id"]
    for principal in (tenant("example.com"), tenant(provider="Example Inc.")):
        cases = links(source, principal)
        assert [one["id"] for one in cases.page(50)[0]] == [own]
        messages = set()
        for call in (cases.revoke, cases.plan_revocation):
            for number in (other, 999):
                with pytest.raises(ObjectNotFound) as caught:
                    call(number)
                messages.add(str(caught.value).replace(f"{number}", "N"))
        assert messages == {"there is no setup link N"}
    reader = links(source, READER)
    assert len(reader.page(50)[0]) == 2
    with pytest.raises(AccessForbidden):
        reader.revoke(own)
    links(source, tenant("example.com")).revoke(own)
    assert [one["id"] for one in links(source).page(50)[0]] == [other]


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30])
def test_ids_that_no_link_has(source: AdminSource, number: int) -> None:
    """A number that the database cannot have is a link that does not exist."""
    with pytest.raises(ObjectNotFound, match=f"there is no setup link {number}$"):
        links(source).revoke(number)


def test_domain_that_is_not_served(source: AdminSource) -> None:
    """A link for a domain that no client could set up is refused."""
    admin = Admin(source, ROOT)
    admin.put_domain("declined.test", served(declined=True))
    for address in ("alice@absent.test", "alice@declined.test"):
        with pytest.raises(DomainNotServed):
            admin.setup_links.create(target(address), HALF_HOUR)


def test_parts_of_a_list(source: AdminSource) -> None:
    """The cursor of a part is where the next one begins, also if others see fewer links."""
    cases = links(source)
    numbers = [cases.create(target(f"{name}@example.com"), HALF_HOUR).data["id"] for name in "abc"]
    links(source).create(target("alice@example.org"), HALF_HOUR)
    own = links(source, tenant("example.com"))
    first, cursor = own.page(2)
    second, end = own.page(2, cursor)
    assert [one["id"] for one in first + second] == numbers[::-1]
    assert end is None


@pytest.mark.parametrize(
    ("limit", "cursor", "path"), [(0, None, "limit"), (1001, None, "limit"), (5, "x", "cursor")]
)
def test_bad_arguments_of_a_list(
    source: AdminSource, limit: int, cursor: str | None, path: str
) -> None:
    """A limit out of its range and a cursor of another list are named."""
    with pytest.raises(InvalidObject) as caught:
        links(source).page(limit, cursor)
    assert [one for one, _ in caught.value.mistakes] == [path]


def test_states(source: AdminSource) -> None:
    """A link that is used up or has expired is listed as such, without its password."""
    assert source.engine is not None
    rows = SetupLinkRows(source.engine)
    links(source).create(target(), LinkTerms(60, 1, PASSWORD))
    links(source).create(target("bob@example.com"), LinkTerms(60, 1, PASSWORD))
    used, fresh = rows.all()[::-1]
    leased = rows.lease(used.token_hash, "device", 30)
    assert leased is not None
    assert rows.complete(leased, "device")
    shown = links(source).page(50)[0]
    assert [(one["state"], one["has_password"]) for one in shown] == [
        ("valid", True),
        ("used", False),
    ]
    assert shown[1]["used"] is not None
    assert fresh.uses_left == 1


def test_disabled(admin: Admin) -> None:
    """Without a key, the error names the option and a command that prints a good value."""
    for call in (admin.setup_links.create, admin.setup_links.plan_creation):
        with pytest.raises(SettingsError, match=r"link_key: .*`openssl rand -base64 32`"):
            call(target(), HALF_HOUR)


def test_without_a_database(source: AdminSource) -> None:
    """The samples have links without a list: they are signed, and no password fits into them."""
    settings = source.settings.model_copy(update={"demo": True})
    cases = links(replace(source, settings=settings, engine=None))
    link = cases.create(target(), HALF_HOUR)
    assert (link.is_reusable, link.data["id"], link.data["uses"]) == (True, None, None)
    for call in (
        lambda: cases.create(target(), ONE_DAY),
        lambda: cases.page(50),
        lambda: cases.revoke(1),
    ):
        with pytest.raises(LinkError):
            call()
