"""One-time links in each database: of several devices one gets a use, and passwords go."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from tests.servers.database import Database
from waypost.core.address import EmailAddress
from waypost.core.errors import StoreError
from waypost.database.engine import Connection, Engine, open_engine, write_transaction
from waypost.setup_links.link import LinkRow, LinkTarget, NewRow
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.schema import setup_link
from waypost.store.sql.setup_link_rows import SetupLinkRows

HASH = "ab" * 32
TARGET = LinkTarget(
    EmailAddress.parse("älice@bücher.example"),
    "Alice Ä 😀",
    (EmailAddress.parse("a@bücher.example"),),
    "phone",
)
DEVICES = 4


def new(token_hash: str = HASH, *, uses: int = 1, seconds: int = 600) -> NewRow:
    return NewRow(token_hash, TARGET, "encrypted", uses, seconds)


def change(engine: Engine, **values: object) -> None:
    with write_transaction(engine) as connection:
        connection.execute(setup_link.update().values(**values))


def test_the_table(bare: Engine) -> None:
    """An upgrade creates the table that the code describes."""
    upgrade(bare)
    made = [(one["name"], one["nullable"]) for one in sa.inspect(bare).get_columns("setup_link")]
    assert made == [(column.name, column.nullable) for column in setup_link.columns]


def test_one_life(engine: Engine) -> None:
    """A link is stored, leased, used up and shown as used, with all texts as they were."""
    rows = SetupLinkRows(engine)
    added = rows.add(new(uses=2))
    assert (added.target, added.uses_left, added.secret) == (TARGET, 2, "encrypted")
    assert added.expires_at - added.created_at == 600
    assert rows.find(HASH) == added
    assert rows.find("cd" * 32) is None

    first = rows.lease(HASH, "one", 30)
    assert first is not None
    assert first.secret == "encrypted"
    assert rows.lease(HASH, "two", 30) is None
    assert not rows.complete(first, "two")
    assert rows.complete(first, "one")
    assert not rows.complete(first, "one")
    found = rows.find(HASH)
    assert found is not None
    assert (found.uses_left, found.secret) == (1, "encrypted")

    last = rows.lease(HASH, "three", 30)
    assert last is not None
    assert rows.complete(last, "three")
    assert rows.find(HASH) is None
    assert rows.lease(HASH, "four", 30) is None
    (shown,) = rows.all()
    assert (shown.uses_left, shown.secret, shown.is_expired) == (0, None, False)
    assert shown.used_at is not None


def test_a_released_lease(engine: Engine) -> None:
    """A device that gives up leaves the link as it was."""
    rows = SetupLinkRows(engine)
    added = rows.add(new())
    leased = rows.lease(HASH, "one", 30)
    assert leased is not None
    rows.release(leased, "other")
    assert rows.lease(HASH, "two", 30) is None
    rows.release(leased, "one")
    assert rows.find(HASH) == added
    assert rows.lease(HASH, "two", 30) is not None


def test_a_lease_ends(engine: Engine) -> None:
    """A lease that was never ended is free after its time, and its device cannot count the use."""
    rows = SetupLinkRows(engine)
    rows.add(new())
    dead = rows.lease(HASH, "dead", 30)
    change(engine, leased_until=1)
    alive = rows.lease(HASH, "alive", 30)
    assert dead is not None
    assert alive is not None
    assert not rows.complete(dead, "dead")
    assert rows.complete(alive, "alive")


def test_an_expired_link(engine: Engine) -> None:
    """An expired link cannot be used; its password goes with the next change, the row later."""
    rows = SetupLinkRows(engine)
    added = rows.add(new())
    change(engine, expires_at=added.created_at)
    assert rows.find(HASH) is None
    assert rows.lease(HASH, "one", 30) is None
    rows.add(new("cd" * 32))
    assert [(row.secret, row.is_expired) for row in rows.all()] == [
        ("encrypted", False),
        (None, True),
    ]
    change(engine, expires_at=1)
    rows.add(new("ef" * 32))
    assert [row.token_hash for row in rows.all()] == ["ef" * 32]


def test_revoke(engine: Engine) -> None:
    """A revoked link is gone, and a device that is using it cannot count its use."""
    rows = SetupLinkRows(engine)
    added = rows.add(new())
    leased = rows.lease(HASH, "one", 30)
    assert leased is not None
    assert rows.revoke(added.id)
    assert not rows.revoke(added.id)
    assert not rows.complete(leased, "one")
    assert rows.all() == []


def test_two_devices_at_once(engine: Engine, database: Database) -> None:
    """Of several devices at the same moment, on several machines, exactly one gets the link."""
    SetupLinkRows(engine).add(new())
    barrier = Barrier(DEVICES)

    def lease(number: int) -> LinkRow | None:
        machine = open_engine(database.uri)
        try:
            rows = SetupLinkRows(machine)
            assert rows.find(HASH) is not None
            barrier.wait()
            return rows.lease(HASH, f"{number}", 30)
        finally:
            machine.dispose()

    with ThreadPoolExecutor(DEVICES) as pool:
        results = list(pool.map(lease, range(DEVICES)))
    assert sum(result is not None for result in results) == 1


@pytest.fixture(name="three")
def _three(sqlite_engine: Engine) -> tuple[SetupLinkRows, list[LinkRow]]:
    """Return three links in a SQLite file, the oldest first, and their storage."""
    rows = SetupLinkRows(sqlite_engine)
    return rows, [rows.add(new(f"{number:064}")) for number in range(3)]


def test_parts_of_a_list(three: tuple[SetupLinkRows, list[LinkRow]]) -> None:
    """A list begins with the newest link, and continues below the last one that was shown."""
    rows, (first, second, third) = three
    assert rows.all() == [third, second, first]
    assert rows.all(limit=2) == [third, second]
    assert rows.all(before=second.id, limit=2) == [first]
    assert rows.all(before=first.id) == []


@pytest.mark.parametrize("link_id", [0, -1, 4, 2**31 - 1, 2**31, 10**30])
def test_id_of_no_link(three: tuple[SetupLinkRows, list[LinkRow]], link_id: int) -> None:
    """A number that no link has, or that no column can have, is not found and not an error."""
    rows, links = three
    assert rows.find_id(link_id) is None
    assert not rows.revoke(link_id)
    assert len(rows.all()) == len(links)


def test_used_link_by_its_id(three: tuple[SetupLinkRows, list[LinkRow]]) -> None:
    """The operator finds a link by its number also when no device can use it any more."""
    rows, (first, *_) = three
    leased = rows.lease(first.token_hash, "one", 30)
    assert leased is not None
    assert rows.complete(leased, "one")
    assert rows.find(first.token_hash) is None
    found = rows.find_id(first.id)
    assert found is not None
    assert (found.uses_left, found.secret) == (0, None)


def test_changes_are_noted(sqlite_engine: Engine) -> None:
    """Each link that is added or removed is noted in its transaction: if that fails, none is."""
    noted: list[LinkRow] = []
    rows = SetupLinkRows(sqlite_engine, lambda _connection, row: noted.append(row))
    added = rows.add(new())
    assert rows.revoke(added.id)
    assert not rows.revoke(added.id)
    assert noted == [added, added]

    def fail(connection: Connection, row: LinkRow) -> None:
        raise StoreError(f"{connection.dialect.name} {row.id}")

    failing = SetupLinkRows(sqlite_engine, fail)
    with pytest.raises(StoreError):
        failing.add(new())
    assert rows.all() == []
    kept = rows.add(new())
    with pytest.raises(StoreError):
        failing.revoke(kept.id)
    assert rows.all() == [kept]
