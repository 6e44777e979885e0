"""What standards and clients demand of a server, rule by rule, and the tests that show each.

A table is one TOML file for one standard, named after it:

    title = "Mozilla Autoconfig"

    [[rule]]
    id = "autoconfig-head"        # begins with the file's name, and never changes
    text = "HEAD works wherever GET does."
    source = "RFC 9110 s9.3.2"
    not_obeyed = "why not"        # only if it is not obeyed; such a rule needs no test

A test cites what it shows: `@pytest.mark.rule("autoconfig-head")`.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parent
REQUIRED = {"id", "text", "source"}
KNOWN = REQUIRED | {"not_obeyed"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a server must do.

    Attributes:
        source: the document and clause, or the client and version, that demands it.
        not_obeyed: why Waypost does not obey, or why a server cannot; None if Waypost obeys.
    """

    id: str
    text: str
    source: str
    not_obeyed: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The rules of one standard."""

    key: str
    title: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A test function, and a rule that it cites."""

    test: str
    id: str


class BadTable(ValueError):
    """An error in a table or in a citation; the message says where and why."""


def tables() -> list[Table]:
    """Read all tables, by their names. Raises BadTable."""
    return [read(path.stem, path.read_text("utf-8")) for path in sorted(HERE.glob("*.toml"))]


def read(key: str, text: str) -> Table:
    """Read one table.

    Args:
        key: the file's name, with which each id begins.
        text: TOML.

    Raises:
        BadTable: the text is no TOML, a key is unknown or missing, or a value is invalid.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTable(f"{key}: {error}") from error
    title, rows = content.pop("title", None), content.pop("rule", None)
    if content:
        raise BadTable(f"{key}: unknown: {', '.join(sorted(content))}")
    if not isinstance(title, str) or not isinstance(rows, list):
        raise BadTable(f"{key}: there must be a title and at least one [[rule]]")
    return Table(key, title, tuple(_rule(key, number, row) for number, row in enumerate(rows, 1)))


def _rule(key: str, number: int, row: Any) -> Rule:
    where = f"{key}: rule {number}"
    if not isinstance(row, dict) or not REQUIRED <= row.keys() <= KNOWN:
        raise BadTable(f"{where}: needs {sorted(REQUIRED)}, and may have not_obeyed")
    for name, value in row.items():
        if not isinstance(value, str) or value != " ".join(value.split()) or not value:
            raise BadTable(f"{where}: {name} must be a text of one line")
    rule = Rule(**row)
    if not re.fullmatch(rf"{re.escape(key)}(-[a-z0-9]+)+", rule.id):
        raise BadTable(
            f"{where}: {rule.id!r} must be {key}- followed by lower-case words with hyphens"
        )
    if not rule.text.endswith("."):
        raise BadTable(f"{where}: the text of {rule.id} must end with a full stop")
    return rule


def citations() -> list[Citation]:
    """Return all citations of all test files, by file and position. Raises BadTable."""
    found: list[Citation] = []
    for path in sorted(TESTS.rglob("test_*.py")):
        found += cited(str(path.relative_to(TESTS)), path.read_text("utf-8"))
    return found


def cited(file: str, text: str) -> Iterator[Citation]:
    """Yield the citations of one test file, without running the file.

    Raises:
        BadTable: the mark is not on a test function, so that its rule would not be shown, or an
            argument is no id.
    """
    if ".rule" not in text:
        return
    tree = ast.parse(text)
    marks = {node for node in ast.walk(tree) if _is_mark(node)}
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in function.decorator_list:
            if not isinstance(call, ast.Call) or call.func not in marks:
                continue
            if not function.name.startswith("test_"):
                continue
            marks.remove(call.func)
            where = f"{file}::{function.name}"
            yield from (Citation(where, one) for one in _ids(where, call))
    for mark in marks:
        line = getattr(mark, "lineno", 0)
        raise BadTable(f"{file}:{line}: the mark `rule` must be above a test, with ids")


def _is_mark(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr != "rule":
        return False
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def _ids(where: str, call: ast.Call) -> list[str]:
    ids = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    texts = [one for one in ids if isinstance(one, str)]
    if not texts or call.keywords or len(texts) < len(call.args):
        raise BadTable(f"{where}: the mark `rule` takes ids as they are in the tables")
    return texts


def findings(found: Iterable[Table], cited_ids: Iterable[Citation]) -> Iterator[str]:
    """Yield the differences between the tables and the tests, one line each."""
    rules: dict[str, Rule] = {}
    for rule in (rule for table in found for rule in table.rules):
        if rule.id in rules:
            yield f"{rule.id}: occurs twice"
        rules[rule.id] = rule
    seen: set[Citation] = set()
    for citation in cited_ids:
        if citation.id not in rules:
            yield f"{citation.test}: there is no rule {citation.id}"
        if citation in seen:
            yield f"{citation.test}: cites {citation.id} twice"
        seen.add(citation)
    shown = {citation.id for citation in seen}
    for rule in rules.values():
        if rule.not_obeyed is None and rule.id not in shown:
            yield f"{rule.id}: no test shows it, and there is no not_obeyed"
