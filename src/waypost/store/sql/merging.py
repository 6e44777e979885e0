"""Which services several domains share: the fewest rows that keep the order of each domain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from waypost.model import Service


@dataclass(slots=True)
class Slot:
    """One row to be written.

    Attributes:
        domain_ids: the domains that have this service at this place.
    """

    service: Service
    domain_ids: set[int] = field(default_factory=set)


def merge(domains: Iterable[tuple[int, Sequence[Service]]]) -> list[Slot]:
    """Put the services of several domains into one list that holds each domain's order.

    Args:
        domains: pairs of a domain's id and its services in order; a service may stand there twice.

    Returns:
        Slots such that the slots of each domain, read in order, are its services again. A service
        that two domains have in contradicting orders gets two slots.
    """
    slots: list[Slot] = []
    known: set[Service] = set()
    for domain_id, services in domains:
        place = 0
        for index, service in enumerate(services):
            found = _find(slots, service, place) if service in known else None
            if found is not None:
                slots[found].domain_ids.add(domain_id)
                place = found + 1
                continue
            # In front of what this domain shares next with earlier ones; else at the end.
            later = (_find(slots, one, place) for one in services[index + 1 :] if one in known)
            place = next((shared for shared in later if shared is not None), len(slots))
            slots.insert(place, Slot(service, {domain_id}))
            place += 1
        known.update(services)
    return slots


def _find(slots: Sequence[Slot], service: Service, start: int) -> int | None:
    return next((i for i in range(start, len(slots)) if slots[i].service == service), None)
