"""The page docs/clients.md, written from the records of the clients and from the tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.clients.recorded import run_client
from tests.clients.runs import EXCHANGELIB, RUN, Run
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "clients.md"

COLUMNS = {
    "TLS": "at-home",
    "STARTTLS only": "starttls-only",
    "POP3 only": "pop3-only",
    "IMAP and POP3": "imap-and-pop3",
    "OAuth2 or password": "oauth2",
    "OAuth2 only": "oauth2-alone",
    "login is the local part": "login-is-local-part",
    "`+tag`": "plus-tag",
    "no TLS": "unprotected",
    "domain is not served": "not-served",
}
BASES = {
    "run": "run and recorded",
    "code": "recorded, from its source",
    "doc": "recorded, from documents; not from its source",
    "log": "recorded, from logs of servers that it asked; not from its source",
}

HEAD = """\
# Mail clients: what each client asks, and what works

`make docs` writes this page from the tests. A test in `tests/clients` checks that it is current.

**run** means that a test of this repository starts that program, and the program sets up an \
account from a running Waypost, or from the DNS records that Waypost shows.
**recorded** means that `waypost.diagnostics.simulated_clients` contains what the client's source \
or its vendor's documentation says: the requests of the client, in their order, and its rules for \
reading the answers.
A test sends the requests of each record to a real Waypost, for each provider in `tests/golden`, \
and compares the account of each client with `tests/clients/accounts`.
`waypost conformance` sends the same requests to any server ([conformance.md](conformance.md)).
"(not recorded)" marks a step that is left out because not enough is known about it.
If neither the program nor its source was available, the section lists the evidence for the \
record and its assumptions. The tables mark such a client with †.
"DNS:" marks DNS lookups. `waypost conformance --resolver` sends them, and a test answers them \
with the records of `waypost show dns`.
[lint.md](lint.md) describes which settings break which of these clients.

D is the domain of the address, and E is the address.

## Overview
"""

PARTLY = """\
## Known in part

Not enough is known about these clients to record them.

### PACC

Clients of PACC GET `https://ua-auto-config.D/.well-known/user-agent-configuration.json` and \
compare it with a digest in DNS.
PACC supports only TLS on ports 993, 995 and 465, https without a port, and the address as the \
login name.
[himalaya](#himalaya) is a PACC client, and is recorded.
Newer versions of Evolution are said to read PACC. Their source was not read, and the \
[recorded](#evolution) version does not read PACC.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD, "".join(_overview()), "".join(_matrix())]
    parts += ["".join(_section(client)) for client in CLIENTS]
    parts += ["".join(_unrecorded(run)) for run in _without_record()]
    return "\n".join([*parts, PARTLY, "".join(_exchangelib())])


def slug(name: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-")


def _overview() -> Iterator[str]:
    yield "| client | version | date | how shown |\n|---|---|---|---|\n"
    for client in CLIENTS:
        shown = f"{BASES[client.basis].removeprefix('run and ')}, `tests/clients/test_recorded.py`"
        run = RUN.get(client.key)
        if run and run.version:
            yield _row(client.name, run.version, run.date, f"run, {run.where()}")
        elif run:
            held = "the record compared with the run, `tests/clients/test_records_and_runs.py`"
            shown = f"run, {run.where()}; {held}; {shown}"
        yield _row(client.name, client.version, client.date, shown, _mark(client))
    for run in _without_record():
        yield _row(run.name, run.version, run.date, f"run, {run.where()}")
    why = "it finds no Exchange server here, and must get that answer at once"
    shown = f"run, {EXCHANGELIB.where()}: {why}"
    yield _row("exchangelib", EXCHANGELIB.version, EXCHANGELIB.date, shown)


def _row(name: str, version: str, date: str, shown: str, mark: str = "") -> str:
    return f"| [{name}](#{slug(name)}){mark} | {version} | {date} | {shown} |\n"


def _matrix() -> Iterator[str]:
    yield "## What works\n\n"
    yield "The result of each client, according to its record, if the provider offers what the "
    yield "heading of the column says.\n"
    yield "Claws Mail asks only DNS, and gets the records of `waypost show dns`. All others ask "
    yield "Waypost by HTTP.\n\n"
    yield f"| client | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    for client in CLIENTS:
        if client.expects_account:
            cells = [_cell(client, case) for case in COLUMNS.values()]
            yield f"| {client.name}{_mark(client)} | {' | '.join(cells)} |\n"


def _mark(client: SimulatedClient) -> str:
    return " †" if client.assumed else ""


def _cell(client: SimulatedClient, case: str) -> str:
    outcome = run_client(client, case).outcome
    if case == "not-served":
        return "stops" if outcome.has_stopped or outcome.account else "continues"
    if outcome.account is None and outcome.source:
        return "ActiveSync"
    if outcome.account is None:
        return "no, stops" if outcome.has_stopped else "no"
    incoming = outcome.account.incoming
    words = [incoming.kind.upper()]
    if case.startswith("oauth2"):
        failure = " (fails)" if outcome.warnings else ""
        words.append((incoming.method or "method chosen by the client") + failure)
    if case == "login-is-local-part" and outcome.warnings:
        words.append("wrong login name")
    if incoming.security == "automatic" or (case == "unprotected" and incoming.security != "none"):
        words.append("tries TLS")
    return ", ".join(words)


def _section(client: SimulatedClient) -> Iterator[str]:
    aliases = () if client.edition else client.client.aliases
    yield "".join(f'<a id="{alias}"></a>\n' for alias in aliases)
    yield "\n" if aliases else ""
    yield f"## {client.name}\n\n"
    yield f"{client.version}, {client.date}; {BASES[client.basis]}.\n\nIt sends these requests:\n\n"
    for number, step in enumerate(client.order, 1):
        yield f"{number}. {step}\n"
    yield "\n"
    yield "".join(f"* {note}\n" for note in client.notes)
    for title, lines in (("Evidence:", client.evidence), ("Assumptions:", client.assumed)):
        yield f"\n{title}\n\n" if lines else ""
        yield "".join(f"* {line}\n" for line in lines)
    if client.key in RUN:
        yield from _run(RUN[client.key])


def _without_record() -> list[Run]:
    recorded = {client.key for client in CLIENTS}
    return [run for key, run in RUN.items() if key not in recorded]


def _unrecorded(run: Run) -> Iterator[str]:
    yield f"## {run.name}\n"
    yield from _run(run)


def _run(run: Run) -> Iterator[str]:
    if run.version:
        yield f"\n{run.version}, {run.date}; run.\n"
        yield "\n" if run.facts else ""
        yield "".join(f"* {sentence}\n" for sentence in run.facts)
    yield "\n| what the run shows | test |\n|---|---|\n"
    for file in run.files:
        for name, text in _tests(HERE / file):
            yield f"| {text} | `{name}` |\n"


def _exchangelib() -> Iterator[str]:
    yield "### exchangelib\n\n"
    yield "It sends SOAP only to `/autodiscover/autodiscover.svc`, and needs a 404 at once to "
    yield "fail quickly.\n"
    yield "It asks on D and `autodiscover.D` by https, then for a redirect on `autodiscover.D` by "
    yield "http, then the host of the SRV record `_autodiscover._tcp.D`.\n"
    yield "The rule `soap` of `waypost conformance` shows this as well.\n"
    yield from _run(EXCHANGELIB)


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = " ".join((ast.get_docstring(node) or "").split())
            yield node.name, text.rstrip(".").replace("|", "\\|")
