"""Which host names belong to a served domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.address import DomainName
from waypost.core.model import DomainPattern
from waypost.formats.discovery_hosts import APEX, KINDS, candidate_domains, host_names

USUAL = ("autoconfig", "autodiscover", "ua-auto-config")
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "test"]))


def test_names_of_a_domain() -> None:
    """A domain has one name of each kind, in a fixed order, for any order of the kinds."""
    example = DomainName("example.com")
    assert host_names(example, reversed(KINDS)) == (
        "autoconfig.example.com",
        "autodiscover.example.com",
        "ua-auto-config.example.com",
        "mta-sts.example.com",
        "example.com",
    )
    assert host_names(example, [APEX]) == ("example.com",)


def test_too_long_names_are_left_out() -> None:
    """A name with more than 253 bytes is left out, and the shorter ones stay."""
    long = DomainName.parse(".".join(["a" * 60] * 3 + ["b" * 58]))
    assert len(long.ascii) == 241
    assert [len(name) for name in host_names(long, KINDS)] == [252, 249, 241]


CLAIMS = [
    # host, kinds, the domains it may belong to
    ("autoconfig.example.com", USUAL, ["example.com"]),
    ("autodiscover.example.com", USUAL, ["example.com"]),
    ("ua-auto-config.example.com", USUAL, ["example.com"]),
    ("mta-sts.example.com", USUAL, []),
    ("mta-sts.example.com", KINDS, ["example.com", "mta-sts.example.com"]),
    ("example.com", USUAL, []),
    ("example.com", [APEX], ["example.com"]),
    ("autoconfig.example.com", [APEX], ["autoconfig.example.com"]),
    ("www.example.com", USUAL, []),
    ("a.autoconfig.example.com", USUAL, []),
    ("xautoconfig.example.com", USUAL, []),
    ("autoconfig", USUAL, []),
    ("autoconfig.autoconfig.example.com", USUAL, ["autoconfig.example.com"]),
]


@pytest.mark.parametrize(("host", "kinds", "domains"), CLAIMS)
def test_domains_of_a_host(host: str, kinds: tuple[str, ...], domains: list[str]) -> None:
    """A host name belongs to the domain after its first label, or to itself for the apex."""
    assert [claim.domain.ascii for claim in candidate_domains(DomainName(host), kinds)] == domains


HOLDS = [
    # pattern, result for autoconfig and the others, result for the apex
    ("example.com", True, True),
    ("*.example.com", True, False),
    ("*.example.co.uk", True, False),
    ("*.com", False, False),
    ("*", False, False),
]


@pytest.mark.parametrize(("pattern", "prefixed", "bare"), HOLDS)
def test_patterns_that_count(pattern: str, prefixed: bool, bare: bool) -> None:
    """A pattern that matches domains of strangers allows no certificate for any of them."""
    (claim,) = candidate_domains(DomainName("autoconfig.a.example.com"), USUAL)
    (itself,) = candidate_domains(DomainName("a.example.com"), [APEX])
    found = DomainPattern.parse(pattern)
    assert (claim.allows_certificate(found), itself.allows_certificate(found)) == (
        prefixed,
        bare,
    )


@given(DOMAINS, st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
def test_listed_names_are_allowed(domain: str, kinds: list[str]) -> None:
    """Each name that is listed for a domain belongs to that domain, so it is allowed."""
    name = DomainName.parse(domain)
    for host in host_names(name, kinds):
        found = list(candidate_domains(DomainName.parse(host), kinds))
        assert any(claim.domain == name for claim in found)
        assert all(claim.allows_certificate(DomainPattern(name.ascii)) for claim in found)
