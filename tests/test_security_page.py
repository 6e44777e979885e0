"""SECURITY.md: each promise names tests and attacks that exist."""

import ast
import re
from pathlib import Path

import pytest

from tests.torture.attacks import attacks

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
OPERATION = "operation"


def promises() -> list[str]:
    """Return the numbers of the promises."""
    _, _, rest = PAGE.partition("## What Waypost promises")
    text = rest.partition("\n## ")[0]
    return re.findall(r"^(\d+)\. ", text, re.MULTILINE)


def table() -> dict[str, tuple[list[str], list[str]]]:
    """Return the tests and the attacks of each line of the table."""
    rows = re.findall(r"^\| (\d+|operation) \| ([^|]+) \|([^|]*)\|$", PAGE, re.MULTILINE)
    return {
        promise: (
            re.findall(r"`([^`]+)`", tests),
            [one.strip() for one in named.split(",") if one.strip()],
        )
        for promise, tests, named in rows
    }


def named_tests() -> list[str]:
    """Return each test of the table once."""
    return sorted({one for tests, _ in table().values() for one in tests})


def test_each_promise_has_a_test() -> None:
    """The table has a line for each promise, with at least one test."""
    assert promises() == [f"{number}" for number in range(1, len(promises()) + 1)]
    assert list(table()) == [*promises(), OPERATION]
    assert all(tests for tests, _ in table().values())


@pytest.mark.parametrize("name", named_tests())
def test_named_test_exists(name: str) -> None:
    """Each named test exists in its file."""
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert function in found if function else any(one.startswith("test_") for one in found)


def test_attacks_are_those_of_the_promise() -> None:
    """The table names each attack, in the line of its promise."""
    promise_of = {attack.name: attack.promise for attack in attacks()}
    named = {name: promise for promise, (_, names) in table().items() for name in names}
    assert named == promise_of


def test_attacks_have_names_of_their_own() -> None:
    """No two attacks have the same name."""
    names = [attack.name for attack in attacks()]
    assert len(names) == len(set(names))
