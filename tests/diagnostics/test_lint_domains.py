"""The linter for many domains: each different set of services is checked once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.making import PROVIDER, domain, host_service
from tests.providers_file.catalogs import SOME_SERVICES
from waypost.core.model import (
    OAUTH2,
    Catalog,
    Domain,
    DomainPattern,
    ExternalDomains,
    Provider,
    Redirect,
    Secret,
    Service,
    SqlDirectory,
)
from waypost.diagnostics.lint.domains import (
    DIAGNOSTICS_KEPT,
    LintResult,
    lint_catalog,
    lint_domain,
)

GOOD = (host_service(), host_service("smtp", "smtp.example.com"))
BAD = (*GOOD, host_service("smtp", "smtp.example.com", 2525, "none"))
BAD_SERVICE = "smtp smtp.example.com:2525 none"
CODES = {"plain-section", "plain-last"}
LONG = replace(PROVIDER, name="x" * 100, short_name="y" * 100)
REDIRECTS = [Redirect(), Redirect("moved.example"), Redirect(url="https://a.example/")]
DIRECTORY = SqlDirectory("postfix", Secret("sqlite://"), domains_query="SELECT :domain")


def domains(count: int, services: Sequence[Service] = BAD) -> list[Domain]:
    """Return domains with the same services."""
    return [domain(f"d{number}.example", *services) for number in range(count)]


def different_domains(count: int) -> list[Domain]:
    """Return domains that each have another set of bad services."""
    hosts = (host_service(host=f"imap{number}.example.com") for number in range(count))
    return [domain(f"d{number}.example", host, *BAD[1:]) for number, host in enumerate(hosts)]


def places(result: LintResult) -> dict[str, tuple[str, ...]]:
    """Return the places of each code."""
    return {group.code: group.places for group in result.groups}


@pytest.mark.parametrize("names", [(), ("a.example",), ("a.example", "*.b.example", "*")])
def test_nothing_found(names: tuple[str, ...]) -> None:
    """Good domains have no diagnostics and no lines, and all of them are counted."""
    result = lint_catalog(Catalog([domain(name, *GOOD) for name in names]))
    assert result == LintResult((), len(names))
    assert (result.count, result.to_json(), list(result.lines())) == (0, [], [])


@pytest.mark.parametrize(
    ("count", "place"),
    [(1, "d0.example"), (2, "d0.example and 1 more"), (1500, "d0.example and 1,499 more")],
)
def test_equal_domains(count: int, place: str) -> None:
    """Domains with the same services have one diagnostic, which says how many they are."""
    result = lint_catalog(Catalog(domains(count)))
    assert places(result) == dict.fromkeys(CODES, (f"{place}: {BAD_SERVICE}",))
    assert (result.domains, result.count) == (count, 2)


PROVIDERS = [
    # providers of two domains with the same services, number of diagnostics
    ((PROVIDER, PROVIDER), 2),
    # As in automx2's databases, where each domain may have its own provider.
    ((PROVIDER, replace(PROVIDER, name="Other")), 2),
    ((PROVIDER, LONG), 2 + 2 + 2),
    ((LONG, LONG), 2 + 2),
]


@pytest.mark.parametrize(("providers", "count"), PROVIDERS)
def test_providers(providers: tuple[Provider, Provider], count: int) -> None:
    """Another provider is another diagnostic only if the provider itself has one."""
    names = (DomainPattern("a.example"), DomainPattern("b.example"))
    pairs = zip(names, providers, strict=True)
    result = lint_catalog(Catalog([Domain(name, provider, BAD) for name, provider in pairs]))
    assert (result.domains, result.count) == (2, count)


@pytest.mark.parametrize("redirect", REDIRECTS)
def test_redirects(redirect: Redirect) -> None:
    """The services of a domain with a redirect are sent to no client, so they are not checked."""
    moved = replace(domain("a.example", *BAD), redirect=redirect)
    external = ExternalDomains(DIRECTORY, PROVIDER, BAD, redirect=redirect)
    assert lint_catalog(Catalog([moved], external_domains=(external,))) == LintResult((), 1)
    assert lint_domain(moved) == LintResult((), 1)


def test_external_domains() -> None:
    """Domains in another database are named by their directory, and not counted."""
    external = ExternalDomains(DIRECTORY, PROVIDER, BAD)
    result = lint_catalog(Catalog(domains(1, GOOD), external_domains=(external,)))
    place = f"domains of directory postfix: {BAD_SERVICE}"
    assert places(result) == dict.fromkeys(CODES, (place,))
    assert (result.domains, result.count) == (1, 2)
    assert all(one["domains"] is None for one in result.to_json())


def test_one_domain() -> None:
    """One domain has the same diagnostics alone, and all of them."""
    (one,) = domains(1)
    assert lint_domain(one) == lint_catalog(Catalog([one]))


KEPT = [
    # how many are asked for, how many are kept of more
    (None, DIAGNOSTICS_KEPT + 5),
    (1, 1),
    (0, 0),
]


@pytest.mark.parametrize(("limit", "kept"), KEPT)
def test_limit(limit: int | None, kept: int) -> None:
    """Any number of diagnostics is counted, and the first ones of each code are kept."""
    catalog = Catalog(different_domains(DIAGNOSTICS_KEPT + 5))
    result = lint_catalog(catalog, limit)
    assert {len(found) for found in places(result).values()} == {kept}
    assert {group.count for group in result.groups} == {DIAGNOSTICS_KEPT + 5}
    assert len(result.to_json()) == len(result.groups) * kept


def test_usual_limit() -> None:
    """Without a limit, a report stays short."""
    result = lint_catalog(Catalog(different_domains(DIAGNOSTICS_KEPT + 5)))
    assert {len(found) for found in places(result).values()} == {DIAGNOSTICS_KEPT}


NOT_MINOR = {"oauth2-alone"}
MINOR = [
    # the provider, services with only minor diagnostics besides those above, their codes
    (LONG, GOOD, {"long-name", "long-short-name"}),
    (PROVIDER, (host_service(authentication=(OAUTH2,)), GOOD[1]), {"oauth2-alone", "pacc-none"}),
]


@pytest.mark.parametrize(("provider", "services", "found"), MINOR)
def test_minor_diagnostics(
    provider: Provider, services: tuple[Service, ...], found: set[str]
) -> None:
    """On request, notes and what concerns only PACC are left out, and nothing else."""
    catalog = Catalog([Domain(DomainPattern("a.example"), provider, services)])
    assert {*places(lint_catalog(catalog))} == found
    assert {*places(lint_catalog(catalog, skip_minor=True))} == found & NOT_MINOR


LINES = [
    # number of different domains, the places that are shown
    (1, ["d0.example"]),
    (3, ["d0.example", "d1.example", "d2.example"]),
    (4, ["d0.example", "d1.example", "d2.example", "and 1 more"]),
]


@pytest.mark.parametrize(("count", "shown"), LINES)
def test_lines(count: int, shown: list[str]) -> None:
    """Each code is one line: clients, message, fix, and places; a command shows all of them."""
    *lines, last = lint_catalog(Catalog(different_domains(count))).lines()
    if count > 3:
        assert last == "waypost lint --all lists all places"
    else:
        lines.append(last)
    text = "; ".join(one if " " in one else f"{one}: {BAD_SERVICE}" for one in shown)
    assert len(lines) == 2
    assert lines[0].startswith("plain-section (K-9, Thunderbird for iOS): one IMAP or SMTP service")
    assert lines[1].startswith("plain-last (Evolution, aerc): the last service of its type")
    for line, code in zip(lines, ("plain-section", "plain-last"), strict=True):
        assert line.endswith(f"; see waypost explain {code}; found in {text}")


def test_json() -> None:
    """For scripts, each diagnostic has its domain, the number of such domains, and the service."""
    first, second = lint_catalog(Catalog(domains(3))).to_json()
    assert first["code"] == "plain-section"
    assert second["code"] == "plain-last"
    for one in (first, second):
        assert (one["domain"], one["domains"], one["where"]) == ("d0.example", 3, BAD_SERVICE)


@examples(30)
@given(st.lists(SOME_SERVICES, max_size=4))
def test_same_as_each_domain_alone(services: list[list[Service]]) -> None:
    """For any domains, the catalog has the codes and the services of its domains, and no other."""
    entries = [
        Domain(DomainPattern(f"d{number}.example"), PROVIDER, tuple(some))
        for number, some in enumerate(services)
    ]
    expected = {
        (one["code"], one["where"]) for entry in entries for one in lint_domain(entry).to_json()
    }
    result = lint_catalog(Catalog(entries), None)
    assert {(one["code"], one["where"]) for one in result.to_json()} == expected
    assert result.domains == len(entries)
