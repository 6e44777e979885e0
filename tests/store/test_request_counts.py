"""The requests by hour in each database: machines add up, and old hours are removed."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from tests.servers.database import Database
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.admin_schema import request_count
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.request_counts import ROWS_MAX, HourKey, RequestCounts

HOUR = 3600
MACHINES = 3


def counts(first: int = 0, rows: int = 3) -> dict[HourKey, int]:
    return {(first + HOUR, f"client-{number}", "ok"): number + 1 for number in range(rows)}


def test_the_table(bare: Engine) -> None:
    """An upgrade creates the table that the code describes."""
    upgrade(bare)
    made = sa.inspect(bare).get_columns(request_count.name)
    described = [(column.name, column.nullable) for column in request_count.columns]
    assert [(one["name"], one["nullable"]) for one in made] == described


def test_numbers_add_up(engine: Engine, database: Database) -> None:
    """Machines that write at the same time add to the same rows; a busy one tries again."""

    def write(_machine: int) -> None:
        own = open_engine(database.uri)
        rows = RequestCounts(own)
        while not rows.add(counts(rows=ROWS_MAX)):
            pass
        own.dispose()

    rows = RequestCounts(engine)
    assert rows.first_hour() is None
    assert rows.add({})
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(MACHINES)))
    stored = rows.read(0)
    assert stored == {key: MACHINES * number for key, number in counts(rows=ROWS_MAX).items()}
    assert rows.first_hour() == HOUR


def test_old_hours_are_removed(engine: Engine) -> None:
    """Hours before a time are removed, and only newer ones are read."""
    rows = RequestCounts(engine)
    assert rows.add(counts() | counts(HOUR))
    assert rows.read(2 * HOUR) == counts(HOUR)
    assert rows.prune(2 * HOUR)
    assert rows.read(0) == counts(HOUR)


def test_without_the_table(bare: Engine) -> None:
    """After a downgrade, nothing is added, and nothing fails."""
    assert not RequestCounts(bare).add(counts())
