"""The measurement of bulk changes, with a smaller number for a test."""

import pytest

from bench import bulk


@pytest.mark.slow
def test_one_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    """All domains are written and exported, and look-ups and reads are answered meanwhile."""
    code = bulk.main(["--sizes", "1000"])
    table = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    costs = {row[3]: row for row in rows if row[1:3] == ["SQLite", "1,000"] and len(row) == 9}
    meanwhile = {
        row[3]: row[4] for row in rows if row[1:3] == ["SQLite", "1,000"] and len(row) == 7
    }
    # Only the measurement checks the memory and the times, because a busy machine must not fail a
    # test. One size has nothing to be compared with.
    assert code in {0, 1}
    assert set(costs) == {"domains:bulk", "domains:export", "domain add --csv"}, table
    assert int(costs["domains:bulk"][7]) > 3
    assert {kind: answers.partition(" ")[2] for kind, answers in meanwhile.items()} | {
        "change": ""
    } == {"known": "with 200", "unknown": "with 404", "read": "with 200", "change": ""}
