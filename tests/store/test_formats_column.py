"""The column `formats` of services, also if it was written by SQL."""

import pytest

from waypost.core.model import ALL_FORMATS, Format
from waypost.store.sql.rows.formats import formats_of, stored_formats, unknown_formats

DNS_AND_PACC = frozenset({Format.DNS, Format.PACC})
# the column, the formats, the unknown names
STORED: list[tuple[object, frozenset[Format], tuple[str, ...]]] = [
    (None, ALL_FORMATS, ()),
    ("", ALL_FORMATS, ()),
    (" \t\n", ALL_FORMATS, ()),
    (",", ALL_FORMATS, ()),
    ("pacc dns", DNS_AND_PACC, ()),
    (" DNS\tPacc\n", DNS_AND_PACC, ()),
    ("dns,pacc", DNS_AND_PACC, ()),
    ("dns, pacc,", DNS_AND_PACC, ()),
    ("dns dns pacc", DNS_AND_PACC, ()),
    ("dns pacc smtp", DNS_AND_PACC, ("smtp",)),
    ("dns;pacc", ALL_FORMATS, ("dns;pacc",)),
    ("d\u200bns", ALL_FORMATS, ("d\u200bns",)),
    # In SQLite each value has a type, not each column.
    (b"pacc dns", DNS_AND_PACC, ()),
    (b"\xff", ALL_FORMATS, ("\ufffd",)),
    (5, ALL_FORMATS, ("5",)),
    (1e400, ALL_FORMATS, ("inf",)),
]


@pytest.mark.parametrize(
    ("stored", "formats", "unknown"), STORED, ids=[ascii(line[0]) for line in STORED]
)
def test_stored(stored: object, formats: frozenset[Format], unknown: tuple[str, ...]) -> None:
    """Known names are used, and no value of the column causes an internal error."""
    assert (formats_of(stored), unknown_formats(stored)) == (formats, unknown)


@pytest.mark.parametrize("form", Format)
def test_written(form: Format) -> None:
    """Waypost reads the same formats that it writes."""
    kept = ALL_FORMATS - {form}
    assert formats_of(stored_formats(kept)) == kept
    assert stored_formats(ALL_FORMATS) is None
