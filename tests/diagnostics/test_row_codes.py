"""Diagnostics of rows of the database."""

import pytest

from waypost.diagnostics.diagnostic import SEVERITIES, RowLocation, diagnostic_json
from waypost.diagnostics.row_codes import ROW_CODES, ignore_diagnostic, row_diagnostic


@pytest.mark.parametrize("code", ROW_CODES)
def test_diagnostic_of_a_row(code: str) -> None:
    """The diagnostic of each code names the row, its values and what Waypost does with it."""
    found = row_diagnostic(code, "server", 4, "port 'x'", "the service is not served")

    assert (found.code, found.severity) == (code, ROW_CODES[code].severity)
    assert found.severity in SEVERITIES
    assert found.location == RowLocation("server", "4")
    assert found.text == "server 4: port 'x'; the service is not served"
    assert diagnostic_json(found) == {
        "code": code,
        "severity": found.severity,
        "message": ROW_CODES[code].message,
        "fix": ROW_CODES[code].fix,
        "link": f"waypost explain {code}",
        "table": "server",
        "key": "4",
        "problem": "port 'x'",
        "effect": "the service is not served",
    }


KEYS: list[tuple[object, str]] = [
    # the id of a row, as it is shown
    (4, "link 4"),
    ("4000/3000", "link 4000/3000"),
    (None, "link None"),
    (2**63, "link 9223372036854775808"),
]


@pytest.mark.parametrize(("key", "shown"), KEYS)
def test_keys(key: object, shown: str) -> None:
    """The id of a row may be of any type that a database returns, and of two columns."""
    assert str(row_diagnostic("db-link", "link", key, "", "").location) == shown


@pytest.mark.parametrize("code", ["", "db-unknown", "DB-LINK"])
def test_unknown_code(code: str) -> None:
    """A code that is not in the table is refused, so that each one has its documentation."""
    with pytest.raises(KeyError):
        row_diagnostic(code, "link", 1, "", "")


def test_ignored_diagnostics() -> None:
    """A sink may ignore each diagnostic."""
    for code in ROW_CODES:
        ignore_diagnostic(row_diagnostic(code, "server", 4, "", ""))
