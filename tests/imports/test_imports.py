"""A worker imports only the packages in the table, and they take no more memory."""

from pathlib import Path

import pytest

from tests.imports import table
from tests.imports.table import DEMO, SQLITE, STANDARD_LIBRARY, Imports

LARGE_SUM = (
    "all packages take 17,400 KB, more than 14,950; the most: waypost +4,000, lxml +500, asyncio +0"
)
RECORDED = Imports(
    {"waypost": 8000, "lxml": 4000, "asyncio": 900, "not_installed": 0, STANDARD_LIBRARY: 100},
    20_000,
)


@pytest.mark.servers
@pytest.mark.parametrize("server", [DEMO, SQLITE])
def test_imports(server: str, tmp_path: Path) -> None:
    """A server imports the packages in the table and no other ones, and not much more of them."""
    lines = list(table.problems(table.read()[server], table.measure(server, tmp_path)))
    assert not lines, table.failure(server, lines)


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ({"waypost": 9000, "lxml": 4000, STANDARD_LIBRARY: 900}, []),
        (
            {"waypost": 8000, "lxml": 4000, "rich": 8},
            ["rich is imported, which takes 8 KB"],
        ),
        ({"waypost": 8000, "lxml": 4000, "email": 400}, []),
        (
            {"waypost": 8000, "lxml": 4000, "email": 1001},
            ["email is imported, which takes 1,001 KB"],
        ),
        (
            {"waypost": 8000},
            ["lxml is in the table, but is not imported any more"],
        ),
        ({"waypost": 8000, "lxml": 4000}, []),
        (
            {"waypost": 12_000, "lxml": 4500, "asyncio": 900},
            [LARGE_SUM],
        ),
    ],
)
def test_problems(packages: dict[str, int], expected: list[str]) -> None:
    """A package too many, a row too many and too large a sum are findings, and nothing else is."""
    assert list(table.problems(RECORDED, Imports(packages, 0))) == expected


def test_packages() -> None:
    """The modules of a package are added up, and small ones of Python have one row together."""
    modules = {"lxml": 1, "lxml.etree": 3000, "ssl": 400, "abc": 3, "enum": 4, "tests.imports": 9}
    assert table.packages_of(modules) == {"lxml": 3001, "ssl": 400, STANDARD_LIBRARY: 7}


def test_written(tmp_path: Path) -> None:
    """What is recorded is read again."""
    file = tmp_path / "recorded.json"
    table.write({DEMO: RECORDED}, file)
    assert table.read(file) == {DEMO: RECORDED}


def test_failure() -> None:
    """The text of a failure names the server, each finding and the command that records."""
    text = table.failure(DEMO, ["rich is imported"])
    assert "(demo)" in text
    assert "\n  rich is imported\n" in text
    assert f"`{table.RECORD}`" in text
