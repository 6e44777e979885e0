"""TOML within limits: expensive text is refused before it is parsed."""

import re
import tomllib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.parsing.bounded_toml import DEPTH_MAX, KEY_PARTS_MAX, TomlError, parse_toml

ROOT = Path(__file__).parents[2]
DEEP = "tables or lists are nested too deeply"
TABLES = 50  # Instead of `TABLES_MAX`, because that many are slow.
MANY = f"there are more than {TABLES} tables"
PARTS = f"a key has more than {KEY_PARTS_MAX} parts"
LONG = "a key or a number is longer than 1000 characters"
N = TABLES + 1

BAD = {
    # case: text, line, rule
    "dotted key": (".".join("a" * 15_000) + " = 1", 1, PARTS),
    "dotted key, quoted": ("a=1\n" + ".".join(['"a"'] * 15_000) + " = 1", 2, PARTS),
    "dotted key with spaces": (" . ".join("a" * 17) + " = 1", 1, PARTS),
    "dotted table": ("[" + ".".join("a" * 15_000) + "]", 1, PARTS),
    "dotted list": ("\n\n[[" + ".".join("a" * 15_000) + "]]", 3, PARTS),
    "dotted key in a table": ("a = { " + ".".join("a" * 15_000) + " = 1 }", 1, PARTS),
    "dotted value": ("a = " + ".".join("1" * 15_000), 1, PARTS),
    "tables": ("".join(f"[a{n}]\n" for n in range(300_000)), N, MANY),
    "tables with CRLF": ("".join(f"[a{n}]\r\n" for n in range(N)), N, MANY),
    "tables behind comments": ("".join(f"# [\n[a{n}]\n" for n in range(N)), 2 * N, MANY),
    "lists of tables": ("".join(f"[[a{n}]]\n" for n in range(N)), N, MANY),
    "tables in one element": ("[[a]]\n" + "".join(f"[a.b{n}]\n" for n in range(N)), 27, MANY),
    "tables by dots": ("".join(f"a{n}.b = 1\n" for n in range(N)), N, MANY),
    "lists": ("".join(f"a{n} = []\n" for n in range(N)), N, MANY),
    "lists in a table": ("a = {" + ",".join(f"a{n}=[]" for n in range(N)) + "}", 1, MANY),
    "lists in lists": ("a = " + "[" * 100_000, 1, DEEP),
    "lists in lists, lines": ("a = " + "[\n" * 100_000, DEPTH_MAX + 1, DEEP),
    "tables in tables": ("a = " + "{a=" * 100_000, 1, DEEP),
    "number": ("a = " + "1" * 100_000, 1, LONG),
    "number with a fraction": ("a = 1." + "1" * 100_000, 1, LONG),
    "key": ("a" * 100_000 + " = 1", 1, LONG),
    "key twice": (f'["{"a" * 100_000}"]\n' * 2, 2, "Cannot declare"),
    "open string": ('a = "' + '\\"' * 50_000, 1, "Unterminated string"),
    "open string of lines": ('a = """' + "\\n" * 50_000, 1, "Unterminated string"),
}


@pytest.mark.parametrize(("text", "line", "rule"), BAD.values(), ids=BAD)
def test_what_costs_much(text: str, line: int, rule: str) -> None:
    """Each text is refused with its line and its rule, in one short line, with little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(TomlError) as caught:
            parse_toml(text, tables_max=TABLES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (caught.value.line, caught.value.reason[: len(rule)]) == (line, rule)
    assert len(f"{caught.value}") < 300
    assert peak < 30_000_000


GOOD = [
    "",
    "\ufeff".strip("\ufeff") + "a = 1\r\n[b]\r\nc = 2\r\n",
    ".".join("a" * KEY_PARTS_MAX) + " = 1",
    "a = " + "[" * DEPTH_MAX + "]" * DEPTH_MAX,
    'a = """\n' + "[x]\n" * 50_000 + '"""',
    "a = '''\n" + "[x]\n" * 50_000 + "'''",
    'a = """x"""""\nb = """"x"""\nc = 1',
    "a = '''x'''''\nb = 1",
    'a = ""\nb = \'\'\n"" = 1\n',
    'a = "\\\\"\nb = "\\"]["\n',
    "a = [1, [2, {b = [3]}], ]\n[c]\n",
    "a = 1979-05-27T07:32:00.999Z\nb = 07:32:00\nc = -1.5e+3\nd = 1_000\ne = 0xff\n",
    "a = [\n# ]]]]\n'x', # [\n'y'\n]\n[b]\n",
    "".join("[[a]]\nb = []\n[a.c]\nd = { e = [1] }\n[[a.f]]\n" for _ in range(N)),
    "".join(f"a{n} = 1\n" for n in range(3 * N)),
    "a = [" + "{b = []}," * N + "]",
    "a = [\n" + '"x.example",\n' * N + "]\n",
]


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_what_is_not_refused(text: str) -> None:
    """Any other text has the same result as with the standard library."""
    assert parse_toml(text, tables_max=TABLES).data == tomllib.loads(text)


def test_own_files() -> None:
    """All TOML of this repository is accepted, with the data of the standard library."""
    files = [
        path for folder in ("src", "tests", "docs") for path in (ROOT / folder).rglob("*.toml")
    ]
    assert len(files) > 10
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert parse_toml(text).data == tomllib.loads(text), path


PIECES = [
    *(
        "a",
        "b",
        "1",
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "\n",
        "\r\n",
        " ",
        "\t",
        ",",
        ".",
        "=",
        "[",
        "]",
    ),
    *(
        "[[",
        "]]",
        "{",
        "}",
        "#",
        "-",
        "+",
        ":",
        "é",
        "true",
        '"x"',
        "'y'",
        "a = ",
        "\\n",
        "x = 1\n",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_same_as_the_library(text: str) -> None:
    """Small texts are valid exactly if the standard library accepts them, with the same data."""
    expected = _by_the_library(text)
    if isinstance(expected, dict):
        assert parse_toml(text).data == expected
        return
    with pytest.raises(TomlError) as caught:
        parse_toml(text)
    assert expected.startswith(caught.value.reason)
    line = re.search(r"at line (\d+)", expected)
    assert caught.value.line == (int(line[1]) if line else text.count("\n") + 1)


def _by_the_library(text: str) -> dict[str, object] | str:
    """Return the data, or the error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)


def test_lines() -> None:
    """Each key and table of the top level has the line where it first begins."""
    text = 'a = """\nb = 1\n[c]\n"""\nb = [\n"c = 1",\n]\n"c d".e = 1\n[f]\ng = 1\n[[h]]\n[f.i]\n'
    assert parse_toml(text).lines == {"a": 1, "b": 5, "c d": 8, "f": 9, "h": 11}
