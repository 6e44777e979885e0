"""Writing the services of many domains once each."""

from collections.abc import Iterable, Sequence

from waypost.model import Service


def share(sequences: Iterable[Sequence[Service]]) -> list[tuple[Service, tuple[int, ...]]]:
    """Merge sequences of services into one that holds each of them in its own order.

    Args:
        sequences: the services of each domain.

    Returns:
        Services, each with the indices of the domains that it is for, ascending. A service stands
        twice only where domains have it at different places in their order.
    """
    numbers: dict[Service, int] = {}
    services: list[Service] = []
    merged: list[int] = []  # Numbers of services; to search it for a number is quick.
    owners: list[list[int]] = []  # For each place in `merged`.
    for domain, sequence in enumerate(sequences):
        place = 0
        new: list[int] = []  # What stands before the next service that is there already.
        for service in sequence:
            number = numbers.get(service)
            found = None if number is None else _find(merged, number, place)
            if number is None:
                number = numbers[service] = len(services)
                services.append(service)
            if found is None:
                new.append(number)
                continue
            _insert(merged, owners, found, new, domain)
            place = found + len(new)
            owners[place].append(domain)
            place += 1
            new = []
        _insert(merged, owners, len(merged), new, domain)
    return [
        (services[number], tuple(domains)) for number, domains in zip(merged, owners, strict=True)
    ]


def _find(merged: list[int], number: int, start: int) -> int | None:
    try:
        return merged.index(number, start)
    except ValueError:
        return None


def _insert(
    merged: list[int], owners: list[list[int]], place: int, new: list[int], domain: int
) -> None:
    merged[place:place] = new
    owners[place:place] = [[domain] for _ in new]
