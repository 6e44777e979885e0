"""What differs in meaning between two answers, and what of that Waypost differs in on purpose.

The reasons stand in docs/from-automx2.md, "What differs on purpose".
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waypost.check.answers import Answer, AnswerFormat, Offer

_MAIL: Final = frozenset({"imap", "pop3", "smtp"})
_INCOMING: Final = frozenset({"imap", "pop3"})
_DAV: Final = frozenset({"caldav", "carddav"})
_NOTES: Final = {
    "plain": "authentication `plain` is called `password-cleartext`",
    "all domains": "the provider's other domains are not named",
    "SSL off": "STARTTLS has SSL `on` beside Encryption `TLS`",
    "no SPA": "SPA is `off` instead of missing",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        expected: it is documented and wanted; otherwise somebody must look at it.
        text: what it is.
    """

    expected: bool
    text: str


def differences(form: AnswerFormat, old: Answer, new: Answer) -> Iterator[Difference]:
    """Compare what two servers say about the same address in the same format.

    Args:
        form: the format of both.
        old: automx2's answer.
        new: Waypost's answer.

    Yields:
        Nothing where both mean the same in the same words.
    """
    if old.outcome == "served" and new.outcome == "served":
        yield from _both(form, old, new)
    elif new.outcome == "failed":
        yield Difference(expected=False, text=f"the new server fails: {new.detail}")
    elif old.outcome == "served":
        yield _lost(old, new)
    elif new.outcome == "served":
        yield _gained(old, new)
    elif old.detail != new.detail:
        yield Difference(expected=True, text=f"nothing served: {old.detail}, now {new.detail}")


def _lost(old: Answer, new: Answer) -> Difference:
    kinds = {offer.kind for offer in old.offers}
    if not (kinds & _INCOMING and "smtp" in kinds):
        text = f"no whole mail account: {_listed(old.offers)}, now {new.detail}"
        return Difference(expected=True, text=text)
    text = f"only the old server serves it: {_listed(old.offers)}; the new one: {new.detail}"
    return Difference(expected=False, text=text)


def _gained(old: Answer, new: Answer) -> Difference:
    if "204" in old.notes:
        text = f"only the new server serves it: {_listed(new.offers)}"
        return Difference(expected=False, text=text)
    text = f"the old server could not answer ({old.detail}), the new one does"
    return Difference(expected=True, text=text)


def _both(form: AnswerFormat, old: Answer, new: Answer) -> Iterator[Difference]:
    for note in sorted(old.notes - new.notes):
        if note in _NOTES:
            yield Difference(expected=True, text=_NOTES[note])
    gone, added = Counter(old.offers), Counter(new.offers)
    gone, added = gone - added, added - gone
    for offer in sorted(added.elements()):
        added_dav = form == "autoconfig" and offer.kind in _DAV
        if added_dav:
            text = f"only in the new answer, which has calendars and address books: {offer}"
        else:
            text = f"only in the new answer: {offer}"
        yield Difference(expected=added_dav, text=text)
    kept = {offer.kind for offer in new.offers}
    for offer in sorted(gone.elements()):
        # One of each type in Autodiscover; the other is not lost, but not the preferred one.
        second = form == "autodiscover" and offer.kind in kept and not _of(offer.kind, added)
        reason = ", which takes one of each type" if second else ""
        yield Difference(expected=second, text=f"not in the new answer{reason}: {offer}")
    if not gone and not added and old.offers != new.offers:
        yield Difference(expected=True, text="the services stand in another order")
    elif _first_mail(old) != _first_mail(new) and not added:
        yield Difference(expected=True, text="another service comes first")


def _of(kind: str, offers: Counter[Offer]) -> bool:
    return any(offer.kind == kind for offer in offers)


def _first_mail(answer: Answer) -> Offer | None:
    return next((offer for offer in answer.offers if offer.kind in _MAIL), None)


def _listed(offers: tuple[Offer, ...]) -> str:
    shown = ", ".join(map(str, offers[:4]))
    return f"{shown}, …" if len(offers) > 4 else shown
