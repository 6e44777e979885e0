"""The operator's domains whose services a new domain probably has."""

from collections.abc import Sequence

import pytest

from tests.admin.cases import IMAP, ROOT, SMTP, served, tenant
from waypost.admin.checks.related_domains import SUGGESTIONS_MAX, RelatedDomains
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.readers import DatabaseReader
from waypost.core.model import Provider


def _names(admin: Admin, exchangers: Sequence[str], principal: Principal = ROOT) -> list[str]:
    related = RelatedDomains(admin.source, principal)
    return [one.pattern.text for one in related.sharing(exchangers, ())]


def test_domains_of_mx_hosts(any_admin: Admin) -> None:
    """The domains that an MX host is in come before a domain (no pattern) with services at it."""
    any_admin.put_domain("a.hoster.test", served(services=[{**IMAP, "host": "mx.b.test"}, SMTP]))
    any_admin.put_domain("*.test", served(services=[{**IMAP, "host": "mx.b.test"}, SMTP]))
    any_admin.put_domain("hoster.test", served())
    assert _names(any_admin, ["mx1.a.hoster.test"]) == ["a.hoster.test", "hoster.test"]
    assert _names(any_admin, ["mx.b.test", "MX.Hoster.test"]) == ["hoster.test", "a.hoster.test"]
    assert _names(any_admin, ["mx.b.test"], tenant("hoster.test")) == []
    assert _names(any_admin, ["x.a.hoster.test"], tenant("hoster.test")) == ["hoster.test"]
    for hostile in ("", ".", "a..test", "*.hoster.te'st", "x" * 300, "\\000.test", "a.test\n"):
        assert _names(any_admin, [hostile]) == []


def test_suggestions(any_admin: Admin) -> None:
    """Each provider has one suggestion before the first one has two, with different services."""
    for number in range(SUGGESTIONS_MAX):
        services = [{**IMAP, "host": f"imap{number}.example.com"}, SMTP]
        any_admin.put_domain(f"{number:02}.test", served(services=services))
        any_admin.put_domain(f"{number:02}.same.test", served(services=services))
    suggestions = RelatedDomains(any_admin.source, ROOT).suggestions()
    assert len(suggestions) == SUGGESTIONS_MAX
    providers = [one["provider"] for one in suggestions]
    count = len(set(providers))
    assert count > 1
    assert len(set(providers[:count])) == count
    assert len({f"{one['provider']} {one['services']}" for one in suggestions}) == SUGGESTIONS_MAX
    own = RelatedDomains(any_admin.source, tenant("00.test", "*.same.test")).suggestions()
    assert {one["name"] for one in own} <= {"00.test", *(f"{n:02}.same.test" for n in range(20))}
    assert own


def test_suggestions_come_last(admin: Admin) -> None:
    """The suggestions are tried after the domains of the MX hosts, if the principal sees them."""
    admin.put_domain("hoster.test", served())
    suggestions = [{"name": name} for name in ("example.org", "absent.test", "example.com")]
    for principal, expected in (
        (ROOT, ["hoster.test", "example.org", "example.com"]),
        (tenant("example.com"), ["example.com"]),
        (tenant(provider="Example Organisation"), ["example.org"]),
    ):
        related = RelatedDomains(admin.source, principal)
        found = related.sharing(["mx.hoster.test"], suggestions)
        assert [one.pattern.text for one in found] == expected


def test_different_suggestions(admin: Admin) -> None:
    """Of the domains with the same services one is suggested, and none without services."""
    admin.put_domain("first.test", served())
    admin.put_domain("second.test", served())
    admin.put_domain("none.test", served(services=[]))
    own = tenant("first.test", "second.test", "none.test")
    suggestions = RelatedDomains(admin.source, own).suggestions()
    assert [one["name"] for one in suggestions] == ["first.test"]


def test_provider_that_is_removed_meanwhile(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that another process removes during the search has no suggestions."""
    reads = iter([[Provider("Gone", "Gone")], []])
    monkeypatch.setattr(DatabaseReader, "providers", lambda *_: next(reads))
    assert RelatedDomains(admin.source, ROOT).suggestions() == ()
