"""The tables of codes in the documentation, written from the tables of the checks."""

import re
from collections.abc import Iterator
from pathlib import Path

from waypost.core.clients import MailClient
from waypost.diagnostics.client_groups import ALL_CLIENTS, ALL_CLIENTS_TEXT
from waypost.diagnostics.codes import CODE_TABLES, CodeTable

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    "lint": "lint.md",
    "doctor": "doctor.md",
    "conformance-clients": "conformance.md",
    "conformance-rules": "conformance.md",
    "db-check": "db-check.md",
}


def pages() -> Iterator[tuple[Path, str]]:
    """Yield the pages with tables of codes, and the text that each must have."""
    for name in dict.fromkeys(PAGES.values()):
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        for table in CODE_TABLES:
            if PAGES[table.key] == name:
                text = replaced(text, table)
        yield path, text


def replaced(text: str, one: CodeTable) -> str:
    """Return a page with the new table between the marks of its key."""
    first, last = f"<!-- codes: {one.key} -->\n", "<!-- end of codes -->\n"
    parts = re.split(f"(?<={first})|(?={last})", text[text.index(first) :], maxsplit=2)
    return text[: text.index(first)] + parts[0] + "".join(table(one)) + parts[2]


def table(code_table: CodeTable) -> Iterator[str]:
    """Yield the lines of a table; only the codes of the linter name their clients."""
    has_clients = any(code.clients for code in code_table.codes)
    columns = ["code", "severity", *(["breaks"] if has_clients else []), "what is wrong", "fix"]
    yield f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    for code in code_table.codes:
        cells = [f'<a id="{code.code}"></a>`{code.code}`', code.severity]
        cells += [broken_clients(code.clients)] if has_clients else []
        yield f"| {' | '.join([*cells, code.message, code.fix])} |\n"
    yield "\n"


def broken_clients(clients: tuple[MailClient, ...]) -> str:
    """Return the names of clients as links."""
    if clients == ALL_CLIENTS:
        return ALL_CLIENTS_TEXT
    return ", ".join(f"[{client.shown}](clients.md#{client.key})" for client in clients)
