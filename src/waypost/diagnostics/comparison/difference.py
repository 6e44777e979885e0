"""Differences in meaning between two answers, and which of them are intended.

The reasons are in docs/from-automx2.md, "What differs on purpose".
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waypost.diagnostics.comparison.answers import Answer, AnsweredService, AnswerFormat

_INCOMING: Final = frozenset({"imap", "pop3"})
_DAV: Final = frozenset({"caldav", "carddav"})
NOTES: Final = {
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


def differences(form: AnswerFormat, old: Answer, new: Answer) -> Iterator[Difference]:
    """Compare what two servers say about the same address in the same format.

    Args:
        form: the format of both answers.
        old: automx2's answer.
        new: Waypost's answer.

    Yields:
        Each difference; nothing if both answers are the same.
    """
    if old.outcome == "served" and new.outcome == "served":
        yield from _notes(old, new)
        yield from _offers(form, old, new)
    elif new.outcome == "failed":
        yield Difference(False, "the new server fails", new.detail)
    elif old.outcome == "served":
        yield _lost(old, new)
    elif new.outcome == "served":
        yield _gained(old, new)
    elif old.detail != new.detail:
        yield Difference(True, f"nothing is served: {old.detail}, now {new.detail}")


def _lost(old: Answer, new: Answer) -> Difference:
    kinds = {offer.kind for offer in old.offers}
    detail = f"{_listed(old.offers)}; now {new.detail}"
    if kinds & _INCOMING and "smtp" in kinds:
        return Difference(False, "only the old server serves it", detail)
    return Difference(True, "an incomplete mail account is not served", detail)


def _gained(old: Answer, new: Answer) -> Difference:
    if "204" in old.notes:
        return Difference(False, "only the new server serves it", _listed(new.offers))
    return Difference(True, f"the old server could not answer ({old.detail}), the new one does")


def _notes(old: Answer, new: Answer) -> Iterator[Difference]:
    for note in sorted(old.notes - new.notes):
        if note in NOTES:
            yield Difference(True, NOTES[note])


def _offers(form: AnswerFormat, old: Answer, new: Answer) -> Iterator[Difference]:
    gone, added = Counter(old.offers), Counter(new.offers)
    gone, added = gone - added, added - gone
    if not gone and not added and old.offers != new.offers:
        yield Difference(True, "the services are in another order")
    new_kinds, gone_kinds = ({offer.kind for offer in found} for found in (added, gone))
    # A profile has one incoming service, the first by priority.
    other_incoming = form == "mobileconfig" and "imap" in gone_kinds and "pop3" in new_kinds
    for offer in sorted(added.elements()):
        if form == "autoconfig" and offer.kind in _DAV:
            yield Difference(True, "Autoconfig names calendars and address books", str(offer))
        else:
            expected = other_incoming and offer.kind == "pop3"
            yield Difference(expected, "only in the new answer", str(offer))
    kept = {offer.kind for offer in new.offers} - new_kinds
    for offer in sorted(gone.elements()):
        if form == "autodiscover" and offer.kind in kept:
            yield Difference(True, "Autodiscover names one service of each type", str(offer))
        else:
            expected = other_incoming and offer.kind == "imap"
            yield Difference(expected, "only in the old answer", str(offer))


def _listed(offers: tuple[AnsweredService, ...]) -> str:
    shown = ", ".join(map(str, offers[:4]))
    return f"{shown}, …" if len(offers) > 4 else shown
