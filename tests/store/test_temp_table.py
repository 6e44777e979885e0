"""The list of domains in a temporary database."""

from collections.abc import Iterator

import pytest

from tests.making import domain, host_service
from waypost.core.errors import StoreError
from waypost.store.sql.sync.temp_table import CHUNK, TempTable


@pytest.fixture(name="table")
def _table() -> Iterator[TempTable]:
    """Yield an empty list."""
    table = TempTable()
    yield table
    table.close()


def test_names_are_found_at_any_time(table: TempTable) -> None:
    """Names are found that were added before the first search, and after it."""
    assert table.find_names(["a.example"]) == {}
    table.add([(0, "a.example", domain("a.example"))])
    assert table.find_names(["a.example", "b.example", "A.example"]) == {"a.example": (0, 0)}
    table.add([(7, "b.example", domain("b.example", host_service()))])
    assert table.find_names(["b.example", "a.example"]) == {
        "a.example": (0, 0),
        "b.example": (7, 1),
    }
    table.set_entries([(0, 1)])
    assert table.find_names(["a.example"]) == {"a.example": (0, 1)}
    assert table.find_names([]) == {}


def test_order_of_positions(table: TempTable) -> None:
    """Domains, entries and parts have the order of the positions, also of negative ones."""
    count = CHUNK + 2
    rows = [(position, f"d{position}.example", domain()) for position in range(count, -3, -1)]
    table.add([*rows[:-1], (-5, "first.example", domain("first.example", host_service()))])

    domains = table.domains()
    assert [len(part) for part in table.parts()] == [CHUNK, 5]
    assert len(domains) == len(rows)
    assert [f"{one.pattern}" for one in domains][:2] == ["first.example", "d-1.example"]
    assert f"{domains[-1].pattern}" == f"d{count}.example"
    whole = list(domains)
    for index in (0, CHUNK - 1, CHUNK, -1, 1):
        assert domains[index] == whole[index]
    part = domains[3 : CHUNK + 2]
    assert [part[index] for index in (CHUNK - 2, 0)] == [whole[CHUNK + 1], whole[3]]
    assert [position for position, _ in table.numbers()] == [-5, *range(-1, count + 1)]
    assert table.used_entries() == [1, 0]


def test_full_disk(table: TempTable) -> None:
    """If the temporary file cannot grow, the message names the cause and what to do."""
    table._database.execute("PRAGMA max_page_count = 10")  # noqa: SLF001 -- a disk that is full
    rows = [(number, f"d{number}.example", 0) for number in range(10_000)]
    with pytest.raises(StoreError, match=r"temporary file .*disk is full; make room .*TMPDIR"):
        table.add_rows(rows)
