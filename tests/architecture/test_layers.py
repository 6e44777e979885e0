import ast
from collections import Counter
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter

import pytest

from tests.architecture import rules
from tests.architecture.source import ROOT, Module, is_below, modules

RULES: list[Callable[[Module], Iterator[str]]] = [
    rules.layer_findings,
    rules.library_findings,
    rules.purity_findings,
    rules.parsing_findings,
    rules.http_findings,
    rules.writing_findings,
    rules.size_findings,
    rules.except_findings,
    rules.effect_findings,
]


@pytest.mark.parametrize("rule", RULES)
def test_house_rules(rule: Callable[[Module], Iterator[str]]) -> None:
    """No module of Waypost breaks an architecture rule."""
    assert [finding for module in modules() for finding in rule(module)] == []


def test_layers_have_an_order() -> None:
    """The table of layers names known parts, and has no cycle."""
    graph = {
        part: {used for used in rules.LAYERS if any(is_below(used, one) for one in allowed)}
        | {one for one in allowed if one in rules.LAYERS}
        for part, allowed in rules.LAYERS.items()
    }
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("core") < order.index("lookup") < order.index("cli")
    names = {module.name for module in modules()}
    known = {*rules.LAYERS, *(one for allowed in rules.LAYERS.values() for one in allowed)}
    assert known - {"__version__"} <= names


def test_folders_have_a_limit() -> None:
    """No folder has too many modules, and each exception is needed."""
    assert list(rules.folder_findings(modules())) == []
    full = [Module(f"a.m{number}", "") for number in range(21)]
    assert list(rules.folder_findings(full)) == ["a: 21 modules; group them, 20 are allowed"]
    counts = Counter(one.name.rpartition(".")[0] for one in modules() if not one.is_package)
    assert all(counts[folder] > rules.MAX_FILES for folder in rules.FULL)


def test_modules_have_an_order() -> None:
    """No module imports itself by way of others, not even inside a function."""
    assert list(rules.cycle_findings(modules())) == []


CYCLES = [
    {"a.b": "from waypost.a import c", "a.c": "from waypost.a.b import d"},
    {"a.b": "import waypost.c", "c": "def f():\n    from waypost.a import b"},
    {"a": "from waypost.b import c", "b": "from waypost.d import e", "d": "import waypost.a"},
]


@pytest.mark.parametrize("texts", CYCLES)
def test_cycles_are_found(texts: dict[str, str]) -> None:
    """A cycle of imports is found, and its modules are named."""
    (finding,) = rules.cycle_findings([Module(name, text) for name, text in texts.items()])
    assert all(f"waypost.{name}" in finding for name in texts)


def test_all_modules_are_seen() -> None:
    """The rules check the real package, not an empty folder."""
    assert {"", "core.errors", "settings.table", "web.public.app"} <= {
        module.name for module in modules()
    }


def test_exceptions_are_needed() -> None:
    """Each module with an exception from the limit of length is longer than the limit."""
    long = {module.name for module in modules() if module.text.count("\n") > rules.MAX_LINES}
    assert set(rules.LONG) <= long


_FIFTY = "".join(f"    a{number} = {number}\n" for number in range(51))
_DOCUMENTED = "    A long text.\n" * 60

BAD = [
    # rule, module, text, part of the finding
    (rules.layer_findings, "core.a", "import waypost.lookup.lookup", "core must not import lookup"),
    (rules.layer_findings, "core.errors", "from waypost import web", "core must not import web"),
    (rules.layer_findings, "net.a", "import waypost.runtime.logs", "must not import runtime.logs"),
    (rules.layer_findings, "store.a", "from waypost.importers import b", "not import importers"),
    (rules.layer_findings, "web.a", "from waypost.store import cache", "not import store.cache"),
    (rules.layer_findings, "formats.dns", "from waypost.store import Store", "not import store"),
    (rules.layer_findings, "store.sql.a", "from waypost.importers.a import b", "not import im"),
    (rules.layer_findings, "importers.a", "from waypost.store.sql import b", "not import store"),
    (rules.layer_findings, "web.a", "from waypost.cli import main", "web must not import cli"),
    (rules.layer_findings, "web.a", "from waypost.store.sql import b", "not import store"),
    (rules.layer_findings, "lookup", "def f():\n    import waypost.web", "lookup:2: lookup must"),
    (
        rules.layer_findings,
        "",
        "from waypost.cli.main import main",
        "the package must not import cli",
    ),
    (rules.layer_findings, "utils", "", "the part utils is not in the table of layers"),
    (rules.library_findings, "importers.a", "import sqlalchemy", "only in ['admin.access', "),
    (rules.library_findings, "store.memory", "from sqlalchemy import text", "only in ['admin.a"),
    (rules.library_findings, "web.public.a", "import lxml.etree", "only in ['diagnostics', "),
    (rules.library_findings, "lookup", "from typer import Typer", "only in ['cli']"),
    (rules.library_findings, "clip", "import rich", "only in ['cli']"),
    (rules.library_findings, "cli.serve", "import uvicorn", "only in ['web']"),
    (rules.library_findings, "cli", "import requests", "requests is not in the table of lib"),
    (rules.purity_findings, "formats.dns", "import time", "time has no place"),
    (rules.purity_findings, "formats.a", "from datetime import datetime", "datetime has no place"),
    (rules.purity_findings, "lookup", "import urllib.request", "urllib.request has no place"),
    (rules.writing_findings, "cli.a", "def f():\n    typer.echo(1)", "cli.a:2: write by cli.out"),
    (rules.writing_findings, "cli.a", "print(1)", "cli.a:1: write by cli.output"),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "etree.fromstring(b'')",
        "diagnostics.a:1: XML is parsed in pars",
    ),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "from lxml.etree import XMLParser",
        "diagnostics.a:1: XML is",
    ),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "from lxml import html",
        "diagnostics.a:1: XML is parsed in",
    ),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "from xml.parsers import expat",
        "diagnostics.a:1: XML is",
    ),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "import xml.etree.ElementTree",
        "diagnostics.a:1: XML is",
    ),
    (
        rules.parsing_findings,
        "diagnostics.a",
        "import pyexpat",
        "diagnostics.a:1: XML is parsed in",
    ),
    (
        rules.parsing_findings,
        "formats.a",
        "from waypost.parsing import untrusted_xml\nuntrusted_xml.parse(b'')",
        "formats.a:2: use parsing.untrusted_xml.read",
    ),
    (
        rules.parsing_findings,
        "web.a",
        "from waypost.parsing.untrusted_xml import parse",
        "web.a:1: use parsing.untrusted_xml.read",
    ),
    (
        rules.http_findings,
        "oidc.a",
        "import http.client\ndef f():\n    http.client.HTTPSConnection('a')",
        "oidc.a:3: HTTP requests are sent in net alone",
    ),
    (rules.http_findings, "cli.a", "from urllib.request import urlopen", "cli.a:1: HTTP req"),
    (rules.size_findings, "core.a", "a = 1\n" * 401, "core.a: 401 lines"),
    (rules.size_findings, "cli", f"def f():\n{_FIFTY}", "cli:1: f has 52 lines"),
    (rules.except_findings, "cli", "try:\n    a\nexcept:\n    b", "cli:3: name what"),
    (rules.except_findings, "cli", "try:\n    a\nexcept Exception:\n    b", "cli:3: name what"),
    (rules.except_findings, "cli", "try:\n    a\nexcept (b, BaseException):\n    c", "cli:3: na"),
    (rules.effect_findings, "cli", "print(1)", "print is called at import"),
    (rules.effect_findings, "cli", "import os\nA = os.getcwd()", "cli:2: os.getcwd is called"),
    (rules.effect_findings, "cli", "class A:\n    b = open('c')", "cli:2: open is called"),
    (rules.effect_findings, "web.a", "app = typer.Typer()", "typer.Typer is called"),
    (rules.effect_findings, "cli", "for a in b:\n    c = a", "runs at import"),
    (rules.effect_findings, "cli", "def f():\n    global a\n    a = 1", "cli:2: global state"),
]


@pytest.mark.parametrize(("rule", "name", "text", "said"), BAD)
def test_rules_find_what_is_bad(
    rule: Callable[[Module], Iterator[str]], name: str, text: str, said: str
) -> None:
    """Each rule finds the module that breaks it."""
    (finding,) = rule(Module(name, text))
    assert said in finding


GOOD = [
    # module, text
    (
        "formats.dns",
        "import re\nfrom lxml import etree\nfrom waypost.core.model import ClientConfig",
    ),
    ("formats.a", "from lxml import etree\ndef f():\n    etree.tostring(etree.Element('a'))"),
    ("parsing.untrusted_xml", "from lxml import etree\ndef f():\n    etree.fromstring(b'')"),
    ("diagnostics.a", "from xml.parsers.expat import ExpatError"),
    (
        "importers.a",
        "from waypost.parsing import untrusted_xml\ndef f():\n    untrusted_xml.parse(b'')",
    ),
    (
        "formats.a",
        "from waypost.parsing import untrusted_xml\ndef f():\n    untrusted_xml.read(b'')",
    ),
    ("store.sql.tables", "import sqlalchemy as sa\nfrom waypost.core.errors import StoreError"),
    ("store.sql.migrations.env", "from alembic import context"),
    ("cli.serve", "import typer\napp = typer.Typer()\nfrom waypost.web.public import server"),
    ("web.public.a", "import re\n_A = re.compile('b')\ndef f():\n    print(1)"),
    ("__main__", "from waypost.cli.main import main\nif __name__ == '__main__':\n    main()"),
    ("cli.a", f'def f():\n    """\n{_DOCUMENTED}    """\n    return 1'),
    ("cli.a", "try:\n    a\nexcept OSError:\n    b"),
]


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_rules_let_pass_what_is_good(name: str, text: str) -> None:
    """No rule reports a module that obeys all rules."""
    assert [finding for rule in RULES for finding in rule(Module(name, text))] == []


def _tests() -> Iterator[tuple[str, str | None]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        module = Module(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for function in module.functions():
            if function.name.startswith("test_"):
                yield f"{module.name}:{function.lineno}", ast.get_docstring(function)


def test_every_test_says_what_must_hold() -> None:
    """Every test has a docstring of one paragraph that ends like a sentence."""
    assert [
        place
        for place, docstring in _tests()
        if docstring is None or "\n\n" in docstring or not docstring.endswith((".", ".)"))
    ] == []
