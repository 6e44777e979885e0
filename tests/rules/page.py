"""The page docs/rules.md, written from the tables of rules and the tests that cite them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.rules.table import TESTS, Rule, Table, citations, tables

PAGE = TESTS.parent / "docs" / "rules.md"

HEAD = """\
# Rules, and the tests that show them

`make docs` writes this page from the tables in `tests/rules` and from the tests that cite \
their rows. A test in `tests/rules` checks that the page is current.
[standards.md](standards.md) describes, clause by clause, how much of each standard Waypost covers.

A rule is what a standard demands of a server, or a behaviour of a client that a server can \
respect.
Its source is the document and clause, or the client and the version that showed the behaviour.
The tests are in `tests/`; \
`make test ARGS="tests/web/public/test_autoconfig.py::test_head"` runs one.
"""


def page() -> str:
    """Return the whole page."""
    found = tables()
    shown: dict[str, list[str]] = defaultdict(list)
    for citation in citations():
        shown[citation.id].append(citation.test)
    parts = [HEAD, "".join(_overview(found))]
    parts += ["".join(_section(table, shown)) for table in found]
    return "\n".join(parts)


def _overview(found: list[Table]) -> Iterator[str]:
    yield "| standard | rules | not obeyed |\n|---|---|---|\n"
    for table in found:
        left = sum(rule.not_obeyed is not None for rule in table.rules)
        yield f"| [{table.title}](#{table.key}) | {len(table.rules)} | {left} |\n"


def _section(table: Table, shown: Mapping[str, list[str]]) -> Iterator[str]:
    yield f'<a id="{table.key}"></a>\n\n## {table.title}\n\n'
    yield "| rule | source | shown by |\n|---|---|---|\n"
    for rule in table.rules:
        yield f"| {_cell(rule.text)}<br>`{rule.id}` | {_cell(rule.source)} "
        yield f"| {'<br>'.join(_shown(rule, shown))} |\n"


def _shown(rule: Rule, shown: Mapping[str, list[str]]) -> Iterator[str]:
    if rule.not_obeyed is not None:
        yield f"**not obeyed**: {_cell(rule.not_obeyed)}"
    yield from (f"`{test}`" for test in shown.get(rule.id, ()))


def _cell(text: str) -> str:
    """Escape a text for a table cell, so that angle brackets outside of code stay visible."""
    parts = text.replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
