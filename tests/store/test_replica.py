"""The database for look-ups (`db_read_uri`): it must have the tables of the database itself."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import open_engine, write_transaction
from waypost.store.sql.prepare import open_replica, prepare_replica, upgrade_if_needed
from waypost.store.sql.revision import HEAD, VERSION_TABLE, stored_revision


def uri(folder: Path, name: str) -> str:
    """Return the URI of a SQLite file, which is as good as a server for these rules."""
    return f"sqlite:///{folder / name}"


def test_replica_without_tables(tmp_path: Path) -> None:
    """The tables of the database are created; a replica that lacks them is not used yet."""
    replica = open_replica(uri(tmp_path, "replica"))
    with pytest.raises(StoreUnavailable, match=r"^db_read_uri: the database has no tables of Way"):
        prepare_replica(uri(tmp_path, "primary"), replica)
    assert stored_revision(open_engine(uri(tmp_path, "primary"))) == HEAD
    upgrade_if_needed(replica)
    prepare_replica(uri(tmp_path, "primary"), replica)


def test_replica_with_other_tables(tmp_path: Path) -> None:
    """A replica with the tables of another revision is not used, and the message has both."""
    replica = open_replica(uri(tmp_path, "replica"))
    upgrade_if_needed(replica)
    with write_transaction(replica) as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))  # noqa: S608 -- a constant
    with pytest.raises(StoreUnavailable, match=f"revision 0001, but db_uri has revision {HEAD}"):
        prepare_replica(uri(tmp_path, "primary"), replica)


def test_current_replica_is_enough(tmp_path: Path) -> None:
    """If the replica is current, the database itself is not needed, and is not opened."""
    replica = open_replica(uri(tmp_path, "replica"))
    upgrade_if_needed(replica)
    prepare_replica("postgresql://127.0.0.1:1/nothing", replica)


def test_errors_name_the_option() -> None:
    """An error about the replica names `db_read_uri`, and never `db_uri`."""
    with pytest.raises(StoreError, match=r"^db_read_uri: .* is not a database URI"):
        open_replica("nothing")
    replica = open_replica("postgresql+psycopg://alice:hunter2@127.0.0.1:1/mail")
    with pytest.raises(StoreUnavailable, match=r"the host and the port in db_read_uri") as caught:
        prepare_replica("sqlite://", replica)
    assert "hunter2" not in str(caught.value)
