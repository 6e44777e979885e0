"""`waypost explain`: describe a code of the checks, or a mail client."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, Final

import typer

from waypost.cli.layout import Line, Part, hanging, show, width_of_terminal
from waypost.cli.options import JsonFlag
from waypost.cli.output import print_json
from waypost.core.clients import CLIENTS, MailClient
from waypost.core.errors import RequestError
from waypost.diagnostics.clients import names_of
from waypost.diagnostics.codes import TABLES, CodeTable
from waypost.diagnostics.diagnostic import MEANINGS, DiagnosticCode, explained_by
from waypost.diagnostics.explain import (
    BASES,
    client_of,
    code_of,
    records_of,
    rules_about,
    similar,
)
from waypost.diagnostics.simulated_clients import SimulatedClient

_CLIENT_COLUMN: Final = 24

TopicArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="TOPIC",
        help="A code, such as plain-section, or a client, such as thunderbird. Default: list all.",
    ),
]


def explain(topic: TopicArgument = None, as_json: JsonFlag = False) -> None:
    """Describe a code of the checks, or a mail client.

    The codes are those of lint, doctor, conformance and db check. Without TOPIC, the command lists
    all codes and clients.
    """
    if topic is None:
        _list(as_json)
    elif (found := code_of(topic)) is not None:
        _code(*found, as_json)
    elif (client := client_of(topic)) is not None:
        _client(client, as_json)
    else:
        hint = f" Did you mean {guess!r}?" if (guess := similar(topic)) else ""
        raise RequestError(f"{topic!r} is neither a code nor a client.{hint}")


def _list(as_json: bool) -> None:
    if as_json:
        codes = [_code_json(code, table) for table in TABLES for code in table.codes]
        print_json({"codes": codes, "clients": [_client_json(one) for one in CLIENTS]})
        return
    show(_listed(TABLES, CLIENTS, width_of_terminal()))


def _listed(
    tables: Iterable[CodeTable], clients: Iterable[MailClient], width: int | None
) -> Iterator[Line]:
    for command, several in groupby(tables, key=lambda table: table.command):
        yield (Part(f"codes of {command}:", "bold"),)
        for one in (code for table in several for code in table.codes):
            yield from hanging((Part(f"  {one.severity} {one.code}: "),), one.message, 4, width)
        yield ()
    yield (Part("clients:", "bold"),)
    for client in clients:
        yield (Part(f"  {client.topic.ljust(_CLIENT_COLUMN)}{client.name}"),)


def _code(one: DiagnosticCode, table: CodeTable, as_json: bool) -> None:
    if as_json:
        print_json(_code_json(one, table))
        return
    width = width_of_terminal()
    show(hanging((Part(f"{one.code}: ", "bold"),), one.message, 2, width))
    rows = [
        ("severity", f"{one.severity} ({MEANINGS[one.severity]})"),
        ("found by", table.command),
        ("breaks", ", ".join(names_of(one.clients))),
        ("fix", one.fix),
        ("see", _commands_for(one.clients)),
    ]
    show(_rows(rows, width))


def _commands_for(clients: Sequence[MailClient]) -> str:
    """Return the command that describes a client, with the names of several clients in one line."""
    if len(clients) < 2:
        return "".join(explained_by(one.topic) for one in clients)
    return f"{explained_by('CLIENT')}; CLIENT is one of {', '.join(one.topic for one in clients)}"


def _client(client: MailClient, as_json: bool) -> None:
    if as_json:
        print_json(_client_json(client))
        return
    width = width_of_terminal()
    show([(Part(client.name, "bold"),)])
    rows = [
        ("platforms", ", ".join(client.platforms)),
        ("reads first", "" if client.reads is None else client.reads.value),
        ("access log", client.user_agent.log_name if client.user_agent else ""),
    ]
    show(_rows(rows, width))
    for record in records_of(client):
        show(_record(record, width))
    if rules := rules_about(client):
        show([(), (Part("settings that break it (waypost lint):", "bold"),)])
        show(_items((f"{one.code}: {one.message}" for one in rules), width))


def _record(record: SimulatedClient, width: int | None) -> Iterator[Line]:
    yield ()
    head = (Part(f"{record.name}: ", "bold"),)
    about = f"{record.version}, {record.date}; {BASES[record.basis]}"
    yield from hanging(head, about, 2, width)
    for title, lines in (
        ("requests (D is the domain of the address, and E the address)", record.order),
        ("notes", record.notes),
        ("evidence", record.evidence),
        ("assumptions", record.assumed),
    ):
        if lines:
            yield (Part(f"  {title}:"),)
            yield from _items(lines, width)


def _rows(rows: Iterable[tuple[str, str]], width: int | None) -> Iterator[Line]:
    for title, text in rows:
        if text:
            yield from hanging((Part(f"  {title}: ", "green"),), text, 4, width)


def _items(lines: Iterable[str], width: int | None) -> Iterator[Line]:
    for line in lines:
        yield from hanging((Part("  - "),), line, 4, width)


def _code_json(one: DiagnosticCode, table: CodeTable) -> dict[str, object]:
    return {
        "code": one.code,
        "command": table.command,
        "severity": one.severity,
        "message": one.message,
        "fix": one.fix,
        "clients": [client.key for client in one.clients],
    }


def _client_json(client: MailClient) -> dict[str, object]:
    return {
        "key": client.key,
        "name": client.name,
        "platforms": client.platforms,
        "reads": client.reads and client.reads.value,
        "access_log": client.user_agent and client.user_agent.log_name,
        "codes": [one.code for one in rules_about(client)],
        "records": [
            {
                "key": record.key,
                "name": record.name,
                "version": record.version,
                "date": record.date,
                "basis": record.basis,
                "requests": record.order,
                "notes": record.notes,
                "evidence": record.evidence,
                "assumptions": record.assumed,
            }
            for record in records_of(client)
        ],
    }
