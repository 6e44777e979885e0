"""A change that no request waits for."""

from pathlib import Path

import sqlalchemy as sa

from waypost.database.engine import open_engine, read_connection, write_transaction
from waypost.database.optional_change import try_change


def test_a_busy_file_is_not_waited_for(tmp_path: Path) -> None:
    """The change is omitted while another process writes, and later changes wait again."""
    engine, other = (open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}") for _ in range(2))
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE t (n INTEGER)"))
    insert = sa.text("INSERT INTO t VALUES (1)")
    assert try_change(engine, insert)
    with write_transaction(other):
        assert not try_change(engine, insert)
    assert try_change(engine, insert)
    with read_connection(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 2
        timeout = connection.scalar(sa.text("PRAGMA busy_timeout"))
    assert timeout == 10_000
    assert not try_change(engine, sa.text("INSERT INTO absent VALUES (1)"))
    for one in (engine, other):
        one.dispose()
