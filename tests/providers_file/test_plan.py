"""The differences between two catalogs."""

from dataclasses import replace

import pytest
from hypothesis import given

from tests.making import PROVIDER, domain, host_service, url_service
from tests.providers_file.catalogs import catalogs
from waypost.core.model import (
    OAUTH2,
    PASSWORD_CLEARTEXT,
    Catalog,
    DirectoryPolicy,
    Documentation,
    Format,
    LdapServer,
    Logo,
    OAuth2,
    ProfileSettings,
    Provider,
    Redirect,
    Service,
    Webmail,
    WebmailLogin,
)
from waypost.providers_file.describe import describe
from waypost.providers_file.plan import Plan, Planner, compare

IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com", 587, "starttls")
SERVER = LdapServer(
    42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid", "cn", "u", "hunter2"
)
BEFORE = Catalog((domain("example.com", IMAP, SMTP),), (SERVER,), (Provider("Idle", "Idle"),))
OTHER = replace(PROVIDER, name="Other", short_name="O")

CHANGES = [
    # wanted, plan
    (BEFORE, Plan((), (), ())),
    (
        Catalog(),
        Plan(
            (),
            (),
            (
                "domain example.com (Example Inc.)",
                "directory ldapserver-42 (ldap.example.com)",
                "provider Idle without domains",
            ),
        ),
    ),
    (
        replace(BEFORE, domains=(*BEFORE.domains, domain("*.example.net", IMAP))),
        Plan(
            (
                "domain *.example.net (Example Inc.)",
                "*.example.net: imap imap.example.com:993 tls",
            ),
            (),
            (),
        ),
    ),
    (
        replace(BEFORE, domains=(domain("example.com", IMAP, url_service()),)),
        Plan(
            ("example.com: caldav https://dav.example.com/%EMAILADDRESS%/",),
            (),
            ("example.com: smtp smtp.example.com:587 starttls",),
        ),
    ),
    (
        replace(BEFORE, domains=(domain("example.com", SMTP, IMAP),)),
        Plan((), ("example.com: order of services",), ()),
    ),
    (
        replace(
            BEFORE,
            domains=(replace(BEFORE.domains[0], provider=OTHER, users=DirectoryPolicy(SERVER)),),
        ),
        Plan(
            (),
            (
                'example.com: provider "Example Inc." becomes "Other"',
                'example.com: short name "Example" becomes "O"',
                "example.com: no directory becomes directory ldapserver-42",
            ),
            (),
        ),
    ),
    (
        replace(
            BEFORE,
            domains=(
                replace(
                    BEFORE.domains[0],
                    provider=replace(
                        PROVIDER,
                        documentation=(Documentation("https://a.example/"),),
                        oauth2=(OAuth2("https://a.example/"),),
                    ),
                ),
            ),
        ),
        Plan((), ("example.com: documentation", "example.com: OAuth2 data"), ()),
    ),
    (
        replace(
            BEFORE,
            domains=(
                replace(
                    BEFORE.domains[0],
                    provider=replace(
                        PROVIDER,
                        enable=(Documentation("https://a.example/"),),
                        webmail=Webmail("https://b.example/"),
                        update_url="https://c.example/",
                        logos=(Logo("https://d.example/", "image/png"),),
                        developer_url="https://e.example/",
                        contacts=("tel:+1",),
                        profile=ProfileSettings(organization="Example"),
                        subaddress_separators="+-",
                    ),
                ),
            ),
        ),
        Plan(
            (),
            (
                "example.com: pages about what users must enable",
                "example.com: web mail none becomes https://b.example/",
                "example.com: update URL none becomes https://c.example/",
                "example.com: logos",
                "example.com: developer URL none becomes https://e.example/",
                "example.com: contacts",
                "example.com: settings of configuration profiles",
                "example.com: sub-address separators none become +-",
            ),
            (),
        ),
    ),
    (
        replace(BEFORE, directories=(replace(SERVER, port=389),)),
        Plan((), ("directory ldapserver-42 (ldap.example.com)",), ()),
    ),
    (
        replace(BEFORE, directories=(replace(SERVER, bind_password="other"),)),
        Plan((), ("directory ldapserver-42 (ldap.example.com)",), ()),
    ),
    (replace(BEFORE, directories=(replace(SERVER, bind_password=None),)), Plan((), (), ())),
    (
        replace(BEFORE, directories=(SERVER, replace(SERVER, id=43))),
        Plan(("directory ldapserver-43 (ldap.example.com)",), (), ()),
    ),
    (
        replace(BEFORE, unused_providers=(Provider("Lazy", "Lazy"),)),
        Plan(("provider Lazy without domains",), (), ("provider Idle without domains",)),
    ),
]


IDLE = BEFORE.unused_providers[0]
ADDED = ("domain idle.example (Idle)", "idle.example: imap imap.example.com:993 tls")
REUSED = [
    # the provider of a new domain, what changes, what is removed
    (IDLE, (), ()),
    (replace(IDLE, short_name="I"), ('provider Idle: short name "Idle" becomes "I"',), ()),
]


@pytest.mark.parametrize(("provider", "changed", "removed"), REUSED)
def test_provider_gets_its_first_domain(
    provider: Provider, changed: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    """A provider that gets a domain stays, and is not listed as removed."""
    new = replace(domain("idle.example", IMAP), provider=provider)
    wanted = replace(BEFORE, domains=(*BEFORE.domains, new), unused_providers=())
    assert compare(BEFORE, wanted) == Plan(ADDED, changed, removed)


def test_second_row_of_a_name_is_removed() -> None:
    """Of several providers without domains and with one name, the others are removed."""
    other = replace(IDLE, short_name="I")
    before = replace(BEFORE, unused_providers=(other, IDLE))
    new = replace(domain("idle.example", IMAP), provider=IDLE)
    wanted = replace(BEFORE, domains=(*BEFORE.domains, new), unused_providers=())
    assert compare(before, wanted) == Plan(ADDED, (), ("provider Idle without domains",))


@pytest.mark.parametrize(("wanted", "plan"), CHANGES)
def test_changes(wanted: Catalog, plan: Plan) -> None:
    """Each kind of change is described once, in words."""
    assert compare(BEFORE, wanted) == plan


def test_form_of_web_mail() -> None:
    """A changed form of an unchanged page is described."""
    page = Webmail("https://a.example")
    before = replace(domain("example.com"), provider=replace(PROVIDER, webmail=page))
    form = Webmail("https://a.example", WebmailLogin("https://a.example/in"))
    after = replace(before, provider=replace(PROVIDER, webmail=form))

    plan = compare(Catalog((before,)), Catalog((after,)))
    assert plan == Plan((), ("example.com: login form of web mail",), ())


SAME = [
    # now, wanted
    (
        Catalog((domain("example.com", IMAP, SMTP, url_service()),)),
        Catalog((domain("example.com", url_service(), IMAP, SMTP),)),
    ),
    (
        Catalog((domain("example.com"), domain("example.net"))),
        Catalog((domain("example.net"), domain("example.com"))),
    ),
    (
        Catalog((domain("example.com"),), (), (OTHER,)),
        Catalog((domain("example.com"),), (), (OTHER, PROVIDER, OTHER)),
    ),
    (
        Catalog(directories=(SERVER, replace(SERVER, id=43))),
        Catalog(directories=(replace(SERVER, id=43), SERVER)),
    ),
]


@pytest.mark.parametrize(("now", "wanted"), SAME)
def test_equal_catalogs(now: Catalog, wanted: Catalog) -> None:
    """An order without meaning, and a provider that appears twice, are not differences."""
    assert compare(now, wanted).is_empty


SERVICES = [
    # service, description
    (IMAP, "imap imap.example.com:993 tls"),
    (host_service(host="2001:db8::1"), "imap [2001:db8::1]:993 tls"),
    (
        host_service(authentication=(OAUTH2, PASSWORD_CLEARTEXT)),
        "imap imap.example.com:993 tls authentication OAuth2, password-cleartext",
    ),
    (host_service(login_name=None), "imap imap.example.com:993 tls login name asked by client"),
    (host_service(login_name="x"), "imap imap.example.com:993 tls login name x"),
    (host_service(priority=5), "imap imap.example.com:993 tls priority 5"),
    (replace(IMAP, domain_required=True), "imap imap.example.com:993 tls domain required"),
    (
        replace(IMAP, formats=frozenset({Format.PACC, Format.AUTODISCOVER})),
        "imap imap.example.com:993 tls formats autodiscover, pacc",
    ),
    (url_service(), "caldav https://dav.example.com/%EMAILADDRESS%/"),
    (
        url_service("ldap", "ldaps://a.example/dc=x??sub", authentication=(PASSWORD_CLEARTEXT,)),
        "ldap ldaps://a.example/dc=x??sub",
    ),
]


@pytest.mark.parametrize(("service", "text"), SERVICES)
def test_descriptions_of_services(service: Service, text: str) -> None:
    """The description of a service contains all that differs from the defaults."""
    assert describe(service) == text


@pytest.mark.slow
@given(now=catalogs(), wanted=catalogs())
def test_plans_and_reverse_plans(now: Catalog, wanted: Catalog) -> None:
    """Only the plan of the same domains is empty, and the reverse plan removes what a plan adds."""
    assert compare(now, now).is_empty
    there, back = compare(now, wanted), compare(wanted, now)
    patterns = {one.pattern for one in now.domains} ^ {one.pattern for one in wanted.domains}
    assert not patterns or not there.is_empty
    assert [item for item in there.added if item.startswith("domain ")] == [
        item for item in back.removed if item.startswith("domain ")
    ]
    assert not any("\n" in item for item in (*there.added, *there.changed, *there.removed))


def test_redirected_domains() -> None:
    """A domain that redirects, or stops redirecting, is one change with both places."""
    here = domain("old.example", IMAP)
    moved = replace(here, redirect=Redirect("new.example"))
    url = replace(here, redirect=Redirect(url="https://a.example/"))
    declined = replace(here, redirect=Redirect())
    changes = [
        compare(Catalog((one,)), Catalog((other,)))
        for one, other in [(here, moved), (moved, url), (url, declined), (declined, here)]
    ]

    assert [plan.changed for plan in changes] == [
        ("old.example: served becomes moved to addresses at new.example",),
        ("old.example: moved to addresses at new.example becomes moved to https://a.example/",),
        ("old.example: moved to https://a.example/ becomes declined",),
        ("old.example: declined becomes served",),
    ]
    added = compare(Catalog(), Catalog((declined,))).added
    assert added[0] == "domain old.example (Example Inc.), declined"


def test_unused_rows() -> None:
    """A stray row that is removed is a change, and one that stays is not."""
    planner = Planner(1)
    for number in (1, 2, 3):
        planner.add_unused_row(f"domain {number}", keep=True)
    stays = planner.plan(BEFORE, BEFORE)
    planner.add_unused_row("domain 4", keep=False)
    plan = planner.plan(BEFORE, BEFORE)

    assert stays.is_empty
    assert (stays.unused_rows, stays.more_unused_rows) == (("domain 1",), 2)
    assert (plan.removed, plan.counts, plan.is_empty) == (("domain 4",), (0, 0, 1), False)


@pytest.mark.parametrize("limit", [0, 1, 3, 4, None])
def test_new_domains(limit: int | None) -> None:
    """New domains that are added together have the plan that they have one by one."""
    domains = [domain(f"d{number}.example") for number in range(3)]
    together, one_by_one = Planner(limit), Planner(limit)
    together.add_new(iter(domains), len(domains), len(domains[0].services))
    for new in domains:
        one_by_one.add(None, new)

    plan = together.plan(BEFORE, BEFORE)
    assert plan == one_by_one.plan(BEFORE, BEFORE)
    assert plan.counts == (9, 0, 0)


def test_no_password_in_a_plan() -> None:
    """A bind password is never part of a plan."""
    assert "hunter2" not in str(compare(Catalog(), BEFORE))
