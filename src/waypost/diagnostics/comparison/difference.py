"""Differences in meaning between two answers, and which of them are intended.

The reasons are in docs/from-automx2.md, "What differs on purpose".
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waypost.diagnostics.comparison.answers import Answer, AnswerFormat, ParsedService

_INCOMING: Final = frozenset({"imap", "pop3"})
_DAV: Final = frozenset({"caldav", "carddav"})
NOTE_TEXTS: Final = {
    "plain": "authentication `plain` is called `password-cleartext`",
    "all domains": "the provider's other domains are not named",
    "SSL off": "STARTTLS has SSL `on` in addition to Encryption `TLS`",
    "no SPA": "SPA is `off` instead of missing",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        expected: the difference is documented and intended; otherwise an operator must check it.
        kind: the text for this kind of difference.
        detail: what differs; empty if the kind is enough.
    """

    expected: bool
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def differences(answer_format: AnswerFormat, old: Answer, new: Answer) -> Iterator[Difference]:
    """Compare what two servers say about the same address in the same format.

    Args:
        answer_format: the format of both answers.
        old: automx2's answer.
        new: Waypost's answer.

    Yields:
        Each difference; nothing if both answers are the same.
    """
    if old.outcome == "served" and new.outcome == "served":
        yield from _note_differences(old, new)
        yield from _service_differences(answer_format, old, new)
    elif new.outcome == "failed":
        yield Difference(False, "the new server fails", new.detail)
    elif old.outcome == "served":
        yield _no_longer_served(old, new)
    elif new.outcome == "served":
        yield _newly_served(old, new)
    elif old.detail != new.detail:
        yield Difference(True, f"nothing is served: {old.detail}, now {new.detail}")


def _no_longer_served(old: Answer, new: Answer) -> Difference:
    kinds = {service.kind for service in old.services}
    detail = f"{_service_list(old.services)}; now {new.detail}"
    if kinds & _INCOMING and "smtp" in kinds:
        return Difference(False, "only the old server serves it", detail)
    return Difference(True, "an incomplete mail account is not served", detail)


def _newly_served(old: Answer, new: Answer) -> Difference:
    if "204" in old.notes:
        return Difference(False, "only the new server serves it", _service_list(new.services))
    return Difference(True, f"the old server could not answer ({old.detail}), the new one does")


def _note_differences(old: Answer, new: Answer) -> Iterator[Difference]:
    for note in sorted(old.notes - new.notes):
        if note in NOTE_TEXTS:
            yield Difference(True, NOTE_TEXTS[note])


def _service_differences(
    answer_format: AnswerFormat, old: Answer, new: Answer
) -> Iterator[Difference]:
    removed, added = Counter(old.services), Counter(new.services)
    removed, added = removed - added, added - removed
    if not removed and not added and old.services != new.services:
        yield Difference(True, "the services are in another order")
    new_kinds, removed_kinds = (
        {service.kind for service in differences_found} for differences_found in (added, removed)
    )
    # A profile has one incoming service, the first by priority.
    other_incoming = (
        answer_format == "mobileconfig" and "imap" in removed_kinds and "pop3" in new_kinds
    )
    for service in sorted(added.elements()):
        if answer_format == "autoconfig" and service.kind in _DAV:
            yield Difference(True, "Autoconfig names calendars and address books", str(service))
        else:
            expected = other_incoming and service.kind == "pop3"
            yield Difference(expected, "only in the new answer", str(service))
    unchanged_kinds = {service.kind for service in new.services} - new_kinds
    for service in sorted(removed.elements()):
        if answer_format == "autodiscover" and service.kind in unchanged_kinds:
            yield Difference(True, "Autodiscover names one service of each type", str(service))
        else:
            expected = other_incoming and service.kind == "imap"
            yield Difference(expected, "only in the old answer", str(service))


def _service_list(services: tuple[ParsedService, ...]) -> str:
    shown = ", ".join(map(str, services[:4]))
    return f"{shown}, …" if len(services) > 4 else shown
