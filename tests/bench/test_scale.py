"""The measurement of many domains, with few enough of them for a test."""

import pytest

from bench import domains, scale


def test_twenty_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    """Look-ups among 20,000 domains take no longer than among 1,000, and a worker stays small."""
    sizes = ["--sizes", "1000", "20000", "--rounds", "3", "--lookups", "300", "--requests", "100"]
    code = scale.main(sizes)
    table = capsys.readouterr().out
    assert code == 0, table
    assert len([line for line in table.splitlines() if line.startswith("| SQLite")]) == 2


def test_names_are_different() -> None:
    """The domains of the generator differ from each other."""
    assert len(set(domains.names(20_000))) == 20_000
