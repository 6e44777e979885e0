"""The tables of all codes, and their pages."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.architecture.source import PACKAGE
from tests.diagnostics.page import DOCS, pages
from waypost.core.clients import CLIENTS
from waypost.diagnostics.codes import CODE_TABLES
from waypost.diagnostics.conformance.rule_codes import RULE_CODES
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.diagnostic import (
    Diagnostic,
    DiagnosticCode,
    DomainLocation,
    RowLocation,
    diagnostic_json,
)
from waypost.diagnostics.explain import find_client, records_of
from waypost.diagnostics.row_codes import ROW_CODES
from waypost.diagnostics.simulated_clients import CLIENTS as RECORDS

STORE = PACKAGE / "store" / "sql"
CODES = [code for table in CODE_TABLES for code in table.codes]


def test_pages_are_current() -> None:
    """The tables in the documentation are those of the code; `make docs` writes them."""
    for path, text in pages():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_codes_are_unique() -> None:
    """No code is in two tables, and each is a word that can be typed."""
    assert [code for code, count in Counter(code.code for code in CODES).items() if count > 1] == []
    assert [
        code.code for code in CODES if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", code.code)
    ] == []


def test_topics_are_unique() -> None:
    """The usual argument for a client is the identifier of no code and of no other client."""
    topics = [client.topic for client in CLIENTS]
    assert len(set(topics)) == len(topics)
    assert set(topics).isdisjoint(code.code for code in CODES)
    assert all(find_client(client.topic) is client for client in CLIENTS)


def test_texts_name_no_path() -> None:
    """No text of a code refers to a file of the repository."""
    assert [code.code for code in CODES if re.search(r"docs/|\\.md", code.message + code.fix)] == []


def test_rules_of_conformance() -> None:
    """Each probe of a server has its code, in the same order."""
    assert list(RULE_CODES) == [probe.key for probe in PROBES]


def test_codes_of_rows_are_used() -> None:
    """The store makes each code of a row."""
    texts = "".join(path.read_text(encoding="utf-8") for path in STORE.rglob("*.py"))
    assert [code for code in ROW_CODES if f'"{code}"' not in texts] == []


def test_each_client_has_its_section() -> None:
    """Each record belongs to a client of the registry, whose anchors are in the documentation."""
    page = (DOCS / "clients.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', page))
    for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE):
        anchors.add(re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-"))
    assert all(record.client in CLIENTS for record in RECORDS)
    assert {record.key for record in RECORDS} <= anchors
    shown = {client.topic for client in CLIENTS if records_of(client)} | {"pacc"}
    assert shown <= anchors


ABOUT = DiagnosticCode("a-code", "warning", "a message", "a fix")
WHOLE = DiagnosticCode("whole", "error", "a message", "a fix", detail_is_complete=True)
TEXTS: list[tuple[Diagnostic, Callable[[Diagnostic], str], str]] = [
    (Diagnostic(ABOUT, "imap host:993", "refused"), str, "imap host:993: refused"),
    (Diagnostic(ABOUT, "host"), str, "host"),
    (Diagnostic(ABOUT, detail="seen"), lambda diagnostic: diagnostic.line, "a message: seen"),
    (Diagnostic(WHOLE, detail="seen"), lambda diagnostic: diagnostic.line, "seen"),
    (Diagnostic(ABOUT, DomainLocation("a.example", 1, "")), str, "a.example"),
    (
        Diagnostic(ABOUT, DomainLocation("a.example", 3, "imap x")),
        str,
        "a.example and 2 more: imap x",
    ),
    (Diagnostic(ABOUT, DomainLocation("domains of x", None, "imap")), str, "domains of x: imap"),
    (Diagnostic(ABOUT, RowLocation("server", "4"), "odd", "kept"), str, "server 4: odd; kept"),
    (Diagnostic(ABOUT, RowLocation("server", "4"), "x" * 201), str, f"server 4: {'x' * 200}…"),
]


@pytest.mark.parametrize(("diagnostic", "read", "text"), TEXTS)
def test_texts(diagnostic: Diagnostic, read: Callable[[Diagnostic], str], text: str) -> None:
    """A diagnostic is one line: the place, what was seen, and what Waypost does."""
    assert read(diagnostic) == text


MEMBERS = {"code", "severity", "message", "fix", "link"}


@pytest.mark.parametrize(
    ("diagnostic", "more"),
    [
        (Diagnostic(ABOUT, "host", "seen"), {"place", "detail"}),
        (Diagnostic(ABOUT, RowLocation("server", "4")), {"table", "key", "problem", "effect"}),
        (
            Diagnostic(ABOUT, DomainLocation("a.example", 1, "")),
            {"where", "domain", "domains", "clients", "links"},
        ),
    ],
)
def test_json(diagnostic: Diagnostic, more: set[str]) -> None:
    """Each diagnostic has the same members for scripts, and those of its place."""
    found = diagnostic_json(diagnostic)
    assert set(found) == MEMBERS | more
    assert found["link"] == "waypost explain a-code"
