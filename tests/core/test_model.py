"""Patterns of domains, and methods of a configuration."""

import pytest

from tests.making import ALICE, EXAMPLE_COM, domain
from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import (
    MAIL_DIRECTIONS,
    DomainPattern,
    MatchKind,
    ServiceType,
    candidates,
    missing_mail_service,
    missing_mail_types,
)
from waypost.lookup.lookup import client_config


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("Example.COM.", "example.com", MatchKind.EXACT),
        ("*.Example.com", "*.example.com", MatchKind.SUFFIX),
        ("*.bücher.example", "*.xn--bcher-kva.example", MatchKind.SUFFIX),
        (" * ", "*", MatchKind.ANY),
    ],
)
def test_good_pattern(text: str, expected: str, kind: MatchKind) -> None:
    """A pattern is normalized like a domain and has its kind of match."""
    pattern = DomainPattern.parse(text)

    assert (expected, kind) == (pattern.text, pattern.kind)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("**", "a \\* must be alone"),
        ("a.*.example", "a \\* must be alone"),
        ("*example.com", "a \\* must be alone"),
        ("*.", "the domain is empty"),
        ("", "the domain is empty"),
        ("*..example", "empty label"),
        ("^.*$", "a \\* must be alone"),
    ],
)
def test_bad_pattern(text: str, rule: str) -> None:
    """A pattern that is neither a domain nor a suffix is refused with the rule."""
    with pytest.raises(DomainError, match=rule):
        DomainPattern.parse(text)


def test_candidates() -> None:
    """The patterns come in the order of precedence: exact, the longest suffix, then any."""
    texts = [pattern.text for pattern in candidates(DomainName.parse("a.b.example.com"))]

    assert texts == ["a.b.example.com", "*.b.example.com", "*.example.com", "*.com", "*"]


def test_of_type_keeps_the_order() -> None:
    """Services of some types come in the order of preference."""
    config = client_config(domain(), EXAMPLE_COM, ALICE)
    kinds = [service.type for service in config.of_type(ServiceType.SMTP, ServiceType.IMAP)]

    assert kinds == [ServiceType.IMAP, ServiceType.SMTP]


def test_display_name() -> None:
    """A full name is set on a copy; no name changes nothing."""
    config = client_config(domain(), EXAMPLE_COM, ALICE)

    assert config.with_display_name("Alice").user.display_name == "Alice"
    assert config.with_display_name("") is config
    assert config.user.display_name is None


LACKS = [
    # types of the services of a domain, and what is missing
    ("imap smtp", None),
    ("pop3 smtp caldav", None),
    ("jmap", None),
    ("ews carddav", None),
    ("imap", "no outgoing mail service"),
    ("smtp", "no incoming mail service"),
    ("", "no incoming and no outgoing mail service"),
    ("caldav managesieve", "no incoming and no outgoing mail service"),
]


@pytest.mark.parametrize(("types", "lack"), LACKS)
def test_missing_mail_service(types: str, lack: str | None) -> None:
    """Only what is missing is named; a service that receives and sends mail is enough."""
    assert missing_mail_service(map(ServiceType, types.split())) == lack
    named = tuple(one for one, word in MAIL_DIRECTIONS.items() if word in (lack or ""))
    assert missing_mail_types(map(ServiceType, types.split())) == named
