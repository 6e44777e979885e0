"""What a principal may see and change."""

import pytest

from tests.admin.cases import READER, ROOT, tenant
from waypost.admin.principal import Principal
from waypost.core.errors import AccessForbidden
from waypost.core.model import DomainPattern

COVERED = [
    # patterns of the principal, a domain, whether it is within them
    ((), "example.com", True),
    (("example.com",), "example.com", True),
    (("example.com",), "a.example.com", False),
    (("*.example.com",), "a.example.com", True),
    (("*.example.com",), "a.b.example.com", True),
    (("*.example.com",), "*.example.com", True),
    (("*.example.com",), "*.a.example.com", True),
    (("*.example.com",), "example.com", False),
    (("*.example.com",), "notexample.com", False),
    (("*.example.com",), "*", False),
    (("*",), "*", True),
    (("*",), "example.com", True),
    (("a.example", "b.example"), "b.example", True),
]


@pytest.mark.parametrize(("patterns", "domain", "is_covered"), COVERED)
def test_patterns(patterns: tuple[str, ...], domain: str, is_covered: bool) -> None:
    """A domain or a pattern is within the patterns if all of its domains are."""
    principal = tenant(*patterns)
    assert principal.covers(DomainPattern(domain)) is is_covered
    assert principal.sees_domain(DomainPattern(domain), "Any") is is_covered


REFUSED = [
    # principal, domain, provider of the domain or None if it does not exist
    (READER, "a.example", "P"),
    (tenant("b.example"), "a.example", "P"),
    (tenant("b.example"), "a.example", None),
    (tenant(provider="P"), "a.example", None),
    (tenant(provider="P"), "a.example", "Q"),
    (tenant("a.example", provider="P"), "a.example", "Q"),
]


@pytest.mark.parametrize(("principal", "domain", "provider"), REFUSED)
def test_refused_changes(principal: Principal, domain: str, provider: str | None) -> None:
    """A change outside of the limits is refused."""
    with pytest.raises(AccessForbidden):
        principal.check_domain(DomainPattern(domain), provider)


def test_a_refusal_says_nothing_about_a_domain() -> None:
    """The refusal is the same whether the domain exists or not."""
    texts = set()
    for provider in (None, "Q"):
        with pytest.raises(AccessForbidden) as caught:
            tenant(provider="P").check_domain(DomainPattern("a.example"), provider)
        texts.add(str(caught.value))
    assert len(texts) == 1


ALLOWED = [
    (ROOT, "a.example", None),
    (tenant("a.example"), "a.example", None),
    (tenant(provider="P"), "a.example", "P"),
    (tenant("a.example", provider="P"), "a.example", None),
]


@pytest.mark.parametrize(("principal", "domain", "provider"), ALLOWED)
def test_allowed_changes(principal: Principal, domain: str, provider: str | None) -> None:
    """A change within the limits is allowed."""
    principal.check_domain(DomainPattern(domain), provider)


def test_only_a_principal_without_limits_changes_shared_objects() -> None:
    """A tenant may not change what others use."""
    ROOT.check_everything("change a provider")
    for principal in (READER, tenant("a.example"), tenant(provider="P")):
        with pytest.raises(AccessForbidden):
            principal.check_everything("change a provider")
