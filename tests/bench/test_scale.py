"""The measurement of many domains, with a smaller number for a test."""

import pytest

from bench import domains, scale


@pytest.mark.slow
def test_twenty_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    """The measurement succeeds, and a worker with 20,000 domains needs little memory."""
    sizes = ["--sizes", "1000", "20000", "--rounds", "3", "--lookups", "300", "--requests", "100"]
    code = scale.main(sizes)
    table = capsys.readouterr().out
    rows = [line for line in table.splitlines() if line.startswith("| SQLite")]
    # Only `make bench` checks the times, because a busy machine must not fail a test.
    assert code in {0, 1}
    assert len(rows) == 2
    assert all(float(row.split("|")[-2]) < scale.MAX_WORKER_MB for row in rows), table


def test_names_are_different() -> None:
    """The domains of the generator differ from each other."""
    assert len(set(domains.names(20_000))) == 20_000
