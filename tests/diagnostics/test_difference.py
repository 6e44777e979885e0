"""Differences in meaning, and which of them are intended."""

from dataclasses import replace

import pytest

from waypost.diagnostics.comparison.answers import Answer, AnswerFormat, ParsedService
from waypost.diagnostics.comparison.difference import NOTE_TEXTS, differences

IMAP = ParsedService(
    "imap", "imap.example.com", 993, "tls", ("password-cleartext",), "a@example.com"
)
SECOND = replace(IMAP, host_or_url="imap2.example.com")
POP = replace(IMAP, kind="pop3", port=995)
SMTP = replace(IMAP, kind="smtp", host_or_url="smtp.example.com", port=465)
CALDAV = ParsedService("caldav", "https://dav.example.com", 443)
NOTHING = Answer("nothing", "status 404")
UNKNOWN = Answer("nothing", "status 204", notes=frozenset({"204"}))
REFUSED = Answer("nothing", "status 400")
FAILED = Answer("failed", "status 500")


def served(*services: ParsedService, notes: frozenset[str] = frozenset()) -> Answer:
    return Answer("served", "status 200", services, notes)


FULL = served(IMAP, SMTP)

CASES: list[tuple[AnswerFormat, Answer, Answer, list[tuple[bool, str]]]] = [
    ("autoconfig", FULL, FULL, []),
    ("autoconfig", NOTHING, NOTHING, []),
    ("autoconfig", FAILED, FAILED, [(False, "the new server fails")]),
    ("autoconfig", FULL, FAILED, [(False, "the new server fails")]),
    ("autoconfig", NOTHING, FAILED, [(False, "the new server fails")]),
    ("autoconfig", FAILED, FULL, [(True, "could not answer (status 500)")]),
    ("autoconfig", REFUSED, FULL, [(True, "could not answer (status 400)")]),
    ("autoconfig", FAILED, NOTHING, [(True, "nothing is served: status 500, now status 404")]),
    ("autoconfig", UNKNOWN, NOTHING, [(True, "nothing is served: status 204, now status 404")]),
    ("autoconfig", UNKNOWN, FULL, [(False, "only the new server serves it")]),
    ("autoconfig", FULL, NOTHING, [(False, "only the old server serves it")]),
    ("autoconfig", served(IMAP), NOTHING, [(True, "an incomplete mail account")]),
    ("autoconfig", served(SMTP), NOTHING, [(True, "an incomplete mail account")]),
    ("autoconfig", FULL, served(SMTP, IMAP), [(True, "another order")]),
    ("autoconfig", FULL, served(IMAP, SMTP, CALDAV), [(True, "Autoconfig names calendars")]),
    ("mobileconfig", FULL, served(IMAP, SMTP, CALDAV), [(False, "only in the new answer")]),
    ("autoconfig", FULL, served(SECOND, SMTP), [(False, "in the new"), (False, "in the old")]),
    ("autodiscover", FULL, served(SECOND, SMTP), [(False, "in the new"), (False, "in the old")]),
    ("autodiscover", served(IMAP, SECOND, SMTP), FULL, [(True, "one service of each type")]),
    ("autoconfig", served(IMAP, SECOND, SMTP), FULL, [(False, "only in the old answer")]),
    ("autodiscover", served(IMAP, POP, SMTP), FULL, [(False, "only in the old answer: pop3")]),
    ("autoconfig", served(IMAP, IMAP, SMTP), FULL, [(False, "only in the old answer")]),
    ("mobileconfig", FULL, served(POP, SMTP), [(True, "in the new"), (True, "in the old")]),
    ("mobileconfig", served(POP, SMTP), FULL, [(False, "in the new"), (False, "in the old")]),
]


@pytest.mark.parametrize(("form", "old", "new", "expected"), CASES)
def test_differences(
    form: AnswerFormat, old: Answer, new: Answer, expected: list[tuple[bool, str]]
) -> None:
    """Each pair of answers has exactly the differences of its row."""
    findings = list(differences(form, old, new))

    assert [difference.expected for difference in findings] == [
        is_expected for is_expected, _ in expected
    ]
    for difference, (_, words) in zip(findings, expected, strict=True):
        assert words in str(difference)


@pytest.mark.parametrize(
    "changed",
    [
        replace(IMAP, port=143),
        replace(IMAP, security="starttls"),
        replace(IMAP, login="a"),
        replace(IMAP, methods=("OAuth2",)),
        replace(IMAP, host_or_url="other.example.com"),
    ],
)
def test_each_changed_value_is_a_difference(changed: ParsedService) -> None:
    """A change of any part of a service is a difference that an operator must check."""
    findings = list(differences("autoconfig", FULL, served(changed, SMTP)))
    assert [difference.expected for difference in findings] == [False, False]


@pytest.mark.parametrize("note", NOTE_TEXTS)
def test_notes_about_form(note: str) -> None:
    """A peculiarity of automx2's form may disappear, but must not appear."""
    old = served(IMAP, SMTP, notes=frozenset({note}))
    (difference,) = differences("autoconfig", old, FULL)

    assert difference.expected
    assert list(differences("autoconfig", FULL, old)) == []
