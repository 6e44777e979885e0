"""The wizard's proposals: what it asks, who may ask, and what it says without an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.admin.cases import IMAP, READER, ROOT, SMTP, tenant
from tests.setup.test_discovery import AUTOCONFIG, DATABASE, GOOD, NS, Records, context_of
from waypost.admin.checks.discovery import SERVICES_MAX, DiscoveryCases
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal, Role
from waypost.core.address import EmailAddress
from waypost.core.errors import AccessForbidden, InvalidObject, SettingsError
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses

DOMAIN = "example.com"
NO_RESOLVER = "--resolver: this machine has no resolver (x)"


@dataclass
class Network:
    """A network with some records and documents, and what was asked of it."""

    records: Records = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    opened: list[tuple[str, str, PrivateAddresses]] = field(default_factory=list)

    def open(
        self, address: EmailAddress, database: str, private: PrivateAddresses
    ) -> DoctorContext:
        """Return a context of these records and documents."""
        self.opened.append((f"{address}", database, private))
        return context_of(self.records, self.documents)


def broken(*_: object) -> DoctorContext:
    """Refuse, as a machine without a resolver does."""
    raise SettingsError([NO_RESOLVER])


def cases(admin: Admin, principal: Principal = ROOT) -> DiscoveryCases:
    return DiscoveryCases(admin.source, principal)


def test_services_of_a_document(unchanged: Admin) -> None:
    """The form gets the provider and the services that the domain publishes, and their checks."""
    network = Network(NS, {AUTOCONFIG: GOOD})
    found = cases(unchanged).propose("Example.COM", open_context=network.open)
    assert (found.name, found.provider, found.missing) == (DOMAIN, "Hoster", None)
    assert [(one["type"], one["host"], one.get("port")) for one in found.services] == [
        ("imap", "imap.hoster.example", None),
        ("smtp", "smtp.hoster.example", 587),
    ]
    assert found.sources == ("the Autoconfig document of example.com",)
    assert [one.state for one in found.checks] == ["fails", "fails"]
    assert {one["code"] for one in found.findings} == {"mail-missing"}
    assert "imap imap.hoster.example:993" in {one["place"] for one in found.findings}


def test_search_is_not_wanted(unchanged: Admin) -> None:
    """Without a search nothing is asked, and the domains to copy from are there all the same."""
    network = Network()
    found = cases(unchanged).propose("bücher.test", searches=False, open_context=network.open)
    assert (found.name, found.provider) == ("xn--bcher-kva.test", "bücher.test")
    assert (network.opened, found.services, found.notes) == ([], (), ())
    assert DOMAIN in {one["name"] for one in found.others}


ASKED = [
    # the principal, the arguments, the URL of the public database, the private addresses
    (ROOT, {}, "https://autoconfig.thunderbird.net/v1.1", PrivateAddresses.NEVER),
    (ROOT, {"asks_database": False}, "", PrivateAddresses.NEVER),
    (ROOT, {"asks_database": False, "allow_private": True}, "", PrivateAddresses.OWN_NAMES),
    (
        tenant(DOMAIN),
        {"asks_database": False, "allow_private": True},
        "",
        PrivateAddresses.NEVER,
    ),
]


@pytest.mark.parametrize(("principal", "arguments", "database", "private"), ASKED)
def test_what_may_be_asked(
    unchanged: Admin,
    principal: Principal,
    arguments: dict[str, bool],
    database: str,
    private: PrivateAddresses,
) -> None:
    """The public database can be left out; a tenant never reaches private addresses."""
    network = Network(NS)
    cases(unchanged, principal).propose(DOMAIN, open_context=network.open, **arguments)
    assert network.opened == [("postmaster@example.com", database, private)]


def test_public_database(unchanged: Admin) -> None:
    """A database that has the domain is named as the source."""
    url = "https://autoconfig.thunderbird.net/v1.1"
    assert not url.startswith(DATABASE)
    network = Network(NS, {f"{url}/{DOMAIN}": GOOD})
    found = cases(unchanged).propose(DOMAIN, open_context=network.open)
    assert found.sources == ("the public database, for example.com",)


def test_domain_without_records(unchanged: Admin) -> None:
    """A domain that DNS does not have is a note, which names no option of a command."""
    found = cases(unchanged).propose(DOMAIN, open_context=Network().open)
    (note,) = found.notes
    assert note.startswith("DNS has no domain example.com")
    assert found.services == ()
    assert found.others


def test_machine_without_a_resolver(unchanged: Admin) -> None:
    """Without a resolver the form can be filled by hand, and a check says why it did nothing."""
    found = cases(unchanged).propose(DOMAIN, open_context=broken)
    assert found.notes == ("this machine has no resolver (x)",)
    assert found.others
    checked = cases(unchanged).check(DOMAIN, [IMAP], open_context=broken)
    assert (checked.checks, checked.findings, checked.notes) == ((), (), (NO_RESOLVER,))


BAD_NAMES = ["", "*.example.com", "*", "a b", "alice@example.com", "-a.test", "a..test", "x" * 300]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names(unchanged: Admin, name: str) -> None:
    """A text that is not one domain is refused before anything is asked."""
    network, found = Network(), cases(unchanged)
    for call in (
        lambda: found.propose(name, open_context=network.open),
        lambda: found.propose(name, searches=False),
        lambda: found.check(name, [IMAP], open_context=network.open),
    ):
        with pytest.raises(InvalidObject) as caught:
            call()
        assert {path for path, _ in caught.value.mistakes} == {"domain"}
    assert network.opened == []


@pytest.mark.parametrize(
    "principal", [READER, tenant("other.test"), tenant("new.test", role=Role.READ)]
)
def test_refused(unchanged: Admin, principal: Principal) -> None:
    """Who may not create the domain makes Waypost ask nothing about it."""
    network, found = Network(), cases(unchanged, principal)
    with pytest.raises(AccessForbidden):
        found.propose("new.test", open_context=network.open)
    with pytest.raises(AccessForbidden):
        found.check("new.test", [IMAP], open_context=network.open)
    assert network.opened == []


def test_check_of_services(unchanged: Admin) -> None:
    """Each service has a verdict; what cannot be checked is unknown and not wrong."""
    network = Network(NS)
    services = [IMAP, SMTP, {"type": "caldav", "url": "https://dav.example.com/"}]
    checked = cases(unchanged).check(DOMAIN, services, open_context=network.open)
    assert [(one.place.partition(" ")[0], one.state) for one in checked.checks] == [
        ("imap", "fails"),
        ("smtp", "fails"),
        ("caldav", "unknown"),
    ]
    assert [(one["code"], one["place"]) for one in checked.findings] == [
        ("mail-missing", "imap imap.example.com:993"),
        ("mail-missing", "smtp smtp.example.com:465"),
    ]
    assert network.opened == [("postmaster@example.com", "", PrivateAddresses.NEVER)]


def test_bound_of_checked_services(unchanged: Admin) -> None:
    """Of many services only the first ones are checked."""
    many = [{**IMAP, "host": f"imap{number}.example.com"} for number in range(SERVICES_MAX + 5)]
    checked = cases(unchanged).check(DOMAIN, many, open_context=Network(NS).open)
    assert len(checked.checks) == SERVICES_MAX


BAD_SERVICES = [
    # the second service, the path of the mistake
    ({"type": "imap", "host": "a b"}, "services[1].host"),
    ({"type": "fax", "host": "a.test"}, "services[1].type"),
    ({"type": "imap"}, "services[1].host"),
    ({"type": "imap", "host": "a.test", "port": 0}, "services[1].port"),
    ({"type": "imap", "host": "a.test", "colour": "red"}, "services[1].colour"),
]


@pytest.mark.parametrize(("service", "path"), BAD_SERVICES)
def test_bad_services(unchanged: Admin, service: dict[str, object], path: str) -> None:
    """A mistake in a service is named by its path, and no service is checked."""
    network = Network(NS)
    with pytest.raises(InvalidObject) as caught:
        cases(unchanged).check(DOMAIN, [IMAP, service], open_context=network.open)
    assert [one for one, _ in caught.value.mistakes] == [path]
    assert network.opened == []
