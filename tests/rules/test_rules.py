"""Tests that each rule is shown by a test or has not_obeyed, and that each citation is a rule."""

import pytest

from tests.rules.page import PAGE, page
from tests.rules.table import (
    BadTable,
    Citation,
    Rule,
    Table,
    citations,
    cited,
    findings,
    read,
    tables,
)


def test_every_rule_is_tested_or_explained() -> None:
    """Each rule is cited by a test or says why it is not obeyed; each citation is a rule."""
    assert list(findings(tables(), citations())) == []


def test_tables_and_tests_are_not_empty() -> None:
    """The test above reads the tables and the tests, not empty folders."""
    assert "autoconfig" in {table.key for table in tables()}
    assert citations()


def test_page_is_current() -> None:
    """The page is the one that `make docs` writes."""
    assert page() == PAGE.read_text(encoding="utf-8")


ROW = 'id = "dns-a"\ntext = "A."\nsource = "S"\n'
HEAD = 'title = "T"\n'

BAD_TABLES = [
    # text, the message
    ("title = ", "dns: "),
    (HEAD, "at least one"),
    (f"[[rule]]\n{ROW}", "must be a title"),
    (f"{HEAD}note = 1\n[[rule]]\n{ROW}", "unknown: note"),
    (f"{HEAD}[[rule]]\n{ROW}why = 'x'\n", "rule 1: needs"),
    (f"{HEAD}[[rule]]\n{ROW}[[rule]]\nid = 'dns-b'\n", "rule 2: needs"),
    (f"{HEAD}[[rule]]\n{ROW}not_obeyed = ''\n", "not_obeyed must be a text"),
    (f"{HEAD}[[rule]]\n{ROW}not_obeyed = 1\n", "not_obeyed must be a text"),
    (f"{HEAD}[[rule]]\n{ROW.replace('A.', 'A  b.')}", "text must be a text of one line"),
    (f"{HEAD}[[rule]]\n{ROW.replace('A.', 'A')}", "must end with a full stop"),
    (f"{HEAD}[[rule]]\n{ROW.replace('dns-a', 'a')}", "'a' must be dns- followed"),
    (f"{HEAD}[[rule]]\n{ROW.replace('dns-a', 'dns-A')}", "'dns-A' must be dns- followed"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TABLES)
def test_bad_tables(text: str, message: str) -> None:
    """A table with a mistake is refused, and the message names the mistake."""
    with pytest.raises(BadTable, match=message):
        read("dns", text)


def test_a_table() -> None:
    """A table is read without changes."""
    rule = Rule("dns-a", "A.", "S", "why")
    assert read("dns", f"{HEAD}[[rule]]\n{ROW}not_obeyed = 'why'\n") == Table("dns", "T", (rule,))


ONE = '@pytest.mark.rule("dns-a")\n'
TEST = "def test_it(): ...\n"

FILES = [
    # text, ids
    (f"{ONE}{TEST}", ["dns-a"]),
    (f"{ONE}async {TEST}", ["dns-a"]),
    (f'@pytest.mark.rule("dns-a", "dns-b")\n{TEST}', ["dns-a", "dns-b"]),
    (f'@pytest.mark.slow\n{ONE}@pytest.mark.parametrize("a", B)\n{TEST}', ["dns-a"]),
    (f"@pytest.mark.slow\n{TEST}", []),
]


@pytest.mark.parametrize(("text", "ids"), FILES)
def test_citations(text: str, ids: list[str]) -> None:
    """The marks above a test function are found without running the test."""
    assert [*cited("f.py", text)] == [Citation("f.py::test_it", one) for one in ids]


BAD_FILES = [
    # text, the message
    (f"{ONE}def helper(): ...", "f.py:1: the mark `rule` must be"),
    (f'pytestmark = pytest.mark.rule("dns-a")\n{TEST}', "f.py:1: the mark"),
    (f'B = [pytest.param(1, marks=pytest.mark.rule("dns-a"))]\n{TEST}', "f.py:1: the mark"),
    (f"@pytest.mark.rule\n{TEST}", "f.py:1: the mark"),
    (f"class A:\n    {ONE}    {TEST}", "f.py:2: the mark"),
    (f"@pytest.mark.rule()\n{TEST}", "test_it: the mark `rule` takes ids"),
    (f"@pytest.mark.rule(DNS_A)\n{TEST}", "test_it: the mark `rule` takes ids"),
    (f"@pytest.mark.rule(1)\n{TEST}", "test_it: the mark `rule` takes ids"),
    (f'@pytest.mark.rule("dns-a", why="x")\n{TEST}', "test_it: the mark `rule` takes ids"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_bad_citations(text: str, message: str) -> None:
    """A mark that would not count is refused, not ignored."""
    with pytest.raises(BadTable, match=message):
        list(cited("f.py", text))


SHOWN = Rule("dns-a", "A.", "S")
LEFT = Rule("dns-b", "B.", "S", "why")

BETWEEN = [
    # rules, ids that a test cites, the message
    ((SHOWN, LEFT), ["dns-a"], []),
    ((SHOWN, LEFT), ["dns-a", "dns-b"], []),
    ((SHOWN,), [], ["dns-a: no test shows it, and there is no not_obeyed"]),
    ((SHOWN,), ["dns-a", "dns-c"], ["t: there is no rule dns-c"]),
    ((SHOWN,), ["dns-a", "dns-a"], ["t: cites dns-a twice"]),
    ((SHOWN, SHOWN), ["dns-a"], ["dns-a: occurs twice"]),
]


@pytest.mark.parametrize(("rules", "ids", "message"), BETWEEN)
def test_findings(rules: tuple[Rule, ...], ids: list[str], message: list[str]) -> None:
    """A rule without a test, a test without a rule, and a duplicate are found."""
    found = findings([Table("dns", "T", rules)], [Citation("t", one) for one in ids])
    assert list(found) == message
