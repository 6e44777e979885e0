"""The language that a browser prefers, or that a user has chosen, among those of a page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

RANGES_MAX: Final = 50
# RFC 9110 s12.4.2 and s12.5.4: a language range, or *, and an optional weight.
_RANGE: Final = re.compile(
    r"(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE,
)


def matching_tag(language_range: str, tags: Sequence[str]) -> str | None:
    """Return the language that a user chose by its tag, or the nearest wider one, or None."""
    if _RANGE.fullmatch(language_range) is None:
        return None
    return _lookup(language_range, {tag.lower(): tag for tag in tags})


def preferred_tag(header: str, tags: Sequence[str]) -> str:
    """Return the language that fits an Accept-Language best (RFC 9110 s12.5.4, RFC 4647 s3.4).

    Invalid parts are ignored. If no language fits, the first one is returned: a page in a foreign
    language is better than none.

    Args:
        header: its value; several headers are joined with commas (RFC 9110 s5.3).
        tags: the known languages, the default one first.
    """
    weights = [*_parse_weights(header)]
    refused_tags = {language_range.lower() for language_range, weight in weights if weight == 0}
    allowed_tags = {tag.lower(): tag for tag in tags if tag.lower() not in refused_tags}
    # Sorting is stable: ranges with the same weight keep their order.
    for language_range, weight in sorted(weights, key=lambda item: -item[1]):
        if weight > 0 and (tag := _lookup(language_range, allowed_tags)) is not None:
            return tag
    return tags[0]


def _parse_weights(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(",", RANGES_MAX)[:RANGES_MAX]:
        match = _RANGE.fullmatch(part.strip())
        if match is not None:
            yield match[1], float(match[2] or "1")


def _lookup(language_range: str, tags: Mapping[str, str]) -> str | None:
    """Find a range: `de-AT-1996`, then `de-AT`, then `de`; `*` is any."""
    if language_range == "*":
        return next(iter(tags.values()), None)
    rest = language_range.lower()
    while rest:
        if rest in tags:
            return tags[rest]
        rest = rest.rpartition("-")[0]
    return None
