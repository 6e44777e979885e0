"""docs/clients.md, made of the records of the clients and of the tests that show what works."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.clients.recorded import hear
from tests.clients.runs import EXCHANGELIB, RUN, Run
from waypost.check.recorded import CLIENTS
from waypost.check.recorded.client import Client

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "clients.md"


# Other words by which people look for a client.
ALIASES = {
    "thunderbird-for-android-and-k-9": ("k-9", "thunderbird-for-android"),
    "thunderbird-for-ios": ("thunderbird-ios",),
    "outlook-for-windows": ("outlook",),
    "nextcloud-mail": ("nextcloud",),
    "sailfish-os": ("sailfish",),
}
COLUMNS = {
    "TLS": "at-home",
    "STARTTLS only": "starttls-only",
    "POP3 alone": "pop3-only",
    "IMAP and POP3": "imap-and-pop3",
    "OAuth2 or password": "oauth2",
    "OAuth2 alone": "oauth2-alone",
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
# Mail clients: what each asks, and what works

This page is made by `make docs` from the tests; `tests/clients` compares it with them.

**run** means that a test of this repository starts that very program and lets it \
set up an account from a running Waypost, or from the DNS records that Waypost shows.
**recorded** means that what its source or its maker's documentation says is written \
down in `waypost.check.recorded`: what the client asks, in its order, and by which rules it reads \
the answers.
A test lets each record ask a real Waypost for each of the providers in `tests/golden`, and holds \
the account that it ends with against `tests/clients/accounts`.
`waypost conformance` lets the same records ask any server ([conformance.md](conformance.md)).
What is marked as not recorded here was left out, because nobody has read or seen enough of it.
Where neither the program nor its source was at hand, the section says what the record rests on, \
and what in it is assumed; such a client is marked with † in the tables.
"DNS:" are look-ups: `waypost conformance --resolver` asks them, and a test answers them with what \
`waypost show dns` publishes.
[lint.md](lint.md) tells what in a configuration breaks which of them.

D is the domain of the address, E the address.

## Overview
"""

PARTLY = """\
## Known in part

Too little is known of these to record them.

### PACC

Clients of PACC GET `https://ua-auto-config.D/.well-known/user-agent-configuration.json` and \
compare it with a digest in DNS.
PACC knows TLS on 993, 995 and 465, https without a port, and the address as the login name, \
nothing else.
[himalaya](#himalaya) is one, and is recorded.
Evolution is said to read it in newer versions; that source was not read, and the \
[recorded](#evolution) one does not.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD, "".join(_overview()), "".join(_matrix())]
    parts += ["".join(_section(client)) for client in CLIENTS]
    parts += ["".join(_unrecorded(run)) for run in _without_record()]
    return "\n".join([*parts, PARTLY, "".join(_exchangelib())])


def slug(name: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-")


def _overview() -> Iterator[str]:
    yield "| client | version | date | how shown |\n|---|---|---|---|\n"
    for client in CLIENTS:
        shown = f"{BASES[client.basis].removeprefix('run and ')}, `tests/clients/test_recorded.py`"
        run = RUN.get(client.key)
        if run and run.version:
            yield _row(client.name, run.version, run.date, f"run, {run.where()}")
        elif run:
            held = "the record held against the run, `tests/clients/test_agreement.py`"
            shown = f"run, {run.where()}; {held}; {shown}"
        yield _row(client.name, client.version, client.date, shown, _mark(client))
    for run in _without_record():
        yield _row(run.name, run.version, run.date, f"run, {run.where()}")
    shown = f"run, {EXCHANGELIB.where()}: it finds no Exchange here, and must hear so at once"
    yield _row("exchangelib", EXCHANGELIB.version, EXCHANGELIB.date, shown)


def _row(name: str, version: str, date: str, shown: str, mark: str = "") -> str:
    return f"| [{name}](#{slug(name)}){mark} | {version} | {date} | {shown} |\n"


def _matrix() -> Iterator[str]:
    yield "## What works\n\n"
    yield "What each client ends with, as its record says, where the provider offers what stands "
    yield "at the top of the column.\n"
    yield "Claws Mail asks DNS alone, and gets what `waypost show dns` publishes; all others ask "
    yield "Waypost by HTTP.\n\n"
    yield f"| client | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    for client in CLIENTS:
        if client.expects_account:
            cells = [_cell(client, case) for case in COLUMNS.values()]
            yield f"| {client.name}{_mark(client)} | {' | '.join(cells)} |\n"


def _mark(client: Client) -> str:
    return " †" if client.assumed else ""


def _cell(client: Client, case: str) -> str:
    outcome = hear(client, case).outcome
    if case == "not-served":
        return "stops" if outcome.has_stopped or outcome.account else "goes on"
    if outcome.account is None and outcome.source:
        return "ActiveSync"
    if outcome.account is None:
        return "no, stops" if outcome.has_stopped else "no"
    incoming = outcome.account.incoming
    words = [incoming.kind.upper()]
    if case.startswith("oauth2"):
        vain = " in vain" if outcome.warnings else ""
        words.append((incoming.method or "method by its own choice") + vain)
    if case == "login-is-local-part" and outcome.warnings:
        words.append("wrong login name")
    if incoming.security == "automatic" or (case == "unprotected" and incoming.security != "none"):
        words.append("tries TLS")
    return ", ".join(words)


def _section(client: Client) -> Iterator[str]:
    yield "".join(f'<a id="{alias}"></a>\n' for alias in ALIASES.get(client.key, ()))
    yield "\n" if client.key in ALIASES else ""
    yield f"## {client.name}\n\n"
    yield f"{client.version}, {client.date}; {BASES[client.basis]}.\n\nIt asks:\n\n"
    for number, step in enumerate(client.order, 1):
        yield f"{number}. {step}\n"
    yield "\n"
    yield "".join(f"* {note}\n" for note in client.notes)
    for title, lines in (("It rests on:", client.evidence), ("Assumed is:", client.assumed)):
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
        yield "\n" if run.told else ""
        yield "".join(f"* {sentence}\n" for sentence in run.told)
    yield "\n| what holds in the run | shown by |\n|---|---|\n"
    for file in run.files:
        for name, told in _tests(HERE / file):
            yield f"| {told} | `{name}` |\n"


def _exchangelib() -> Iterator[str]:
    yield "### exchangelib\n\n"
    yield "It sends SOAP to `/autodiscover/autodiscover.svc` alone, and needs a 404 at once to "
    yield "fail quickly.\n"
    yield "It asks on D and `autodiscover.D` by https, then for a redirect on `autodiscover.D` by "
    yield "http, then the host of the SRV record `_autodiscover._tcp.D`.\n"
    yield "Shown by the rule `soap` of `waypost conformance` as well.\n"
    yield from _run(EXCHANGELIB)


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            told = " ".join((ast.get_docstring(node) or "").split())
            yield node.name, told.rstrip(".").replace("|", "\\|")
