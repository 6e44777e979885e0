"""`waypost explain`: describe a code of the checks, or a mail client."""

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Final

import typer

from waypost.cli.layout import Line, Part, hanging_indent, print_lines, terminal_width
from waypost.cli.options import JsonFlag
from waypost.cli.output import print_json
from waypost.core.clients import CLIENTS, MailClient
from waypost.core.errors import RequestError
from waypost.diagnostics.api_codes import API_CODES, COMMAND, ApiCode, find_api_code
from waypost.diagnostics.client_groups import client_names
from waypost.diagnostics.codes import CODE_TABLES, CodeTable
from waypost.diagnostics.diagnostic import MEANINGS, DiagnosticCode, explain_command
from waypost.diagnostics.explain import (
    BASIS_TEXTS,
    find_client,
    find_code,
    records_of,
    rules_about,
    suggest_topic,
)
from waypost.diagnostics.sign_in_codes import SIGN_IN_CODES, SignInCode, find_sign_in_code
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

    The codes are those of lint, doctor, conformance, db check, the REST API and sign-ins. Without
    TOPIC, the command lists all codes and clients.
    """
    if topic is None:
        _print_topics(as_json)
    elif (code_and_table := find_code(topic)) is not None:
        _print_code(*code_and_table, as_json)
    elif (api_code := find_api_code(topic)) is not None:
        _print_api_code(api_code, as_json)
    elif (sign_in_code := find_sign_in_code(topic)) is not None:
        _print_sign_in_code(sign_in_code, as_json)
    elif (client := find_client(topic)) is not None:
        _print_client(client, as_json)
    else:
        guess = suggest_topic(topic)
        hint = f" Did you mean {guess!r}?" if guess else " `waypost explain` lists them."
        raise RequestError(f"{topic!r} is neither a code nor a client.{hint}")


def _print_topics(as_json: bool) -> None:
    if as_json:
        codes = [_code_json(code, table) for table in CODE_TABLES for code in table.codes]
        api_codes = [_api_code_json(code) for code in API_CODES]
        sign_in_codes = [_sign_in_code_json(code) for code in SIGN_IN_CODES]
        clients = [_client_json(client) for client in CLIENTS]
        print_json(
            {
                "codes": codes,
                "api_codes": api_codes,
                "sign_in_codes": sign_in_codes,
                "clients": clients,
            }
        )
        return
    print_lines(_topic_lines(CODE_TABLES, CLIENTS, terminal_width()))


def _topic_lines(
    tables: Iterable[CodeTable], clients: Iterable[MailClient], width: int | None
) -> Iterator[Line]:
    for command, several in groupby(tables, key=lambda table: table.command):
        yield (Part(f"codes of {command}:", "bold"),)
        for code in (each for table in several for each in table.codes):
            yield from hanging_indent(
                (Part(f"  {code.severity} {code.code}: "),), code.message, 4, width
            )
        yield ()
    yield (Part(f"codes of {COMMAND}:", "bold"),)
    for api_code in API_CODES:
        yield from hanging_indent((Part(f"  {api_code.code}: "),), api_code.message, 4, width)
    yield ()
    yield (Part("codes of sign-ins that fail:", "bold"),)
    for one in SIGN_IN_CODES:
        yield from hanging_indent((Part(f"  {one.code}: "),), one.message, 4, width)
    yield ()
    yield (Part("clients:", "bold"),)
    for client in clients:
        yield (Part(f"  {client.topic.ljust(_CLIENT_COLUMN)}{client.name}"),)


def _print_code(code: DiagnosticCode, table: CodeTable, as_json: bool) -> None:
    if as_json:
        print_json(_code_json(code, table))
        return
    width = terminal_width()
    print_lines(hanging_indent((Part(f"{code.code}: ", "bold"),), code.message, 2, width))
    rows = [
        ("severity", f"{code.severity} ({MEANINGS[code.severity]})"),
        ("found by", table.command),
        ("breaks", ", ".join(client_names(code.clients))),
        ("fix", code.fix),
        ("see", _commands_for(code.clients)),
    ]
    print_lines(_row_lines(rows, width))


def _print_api_code(code: ApiCode, as_json: bool) -> None:
    if as_json:
        print_json(_api_code_json(code))
        return
    width = terminal_width()
    print_lines(hanging_indent((Part(f"{code.code}: ", "bold"),), code.message, 2, width))
    status = f"{code.status} {HTTPStatus(code.status).phrase}"
    print_lines(_row_lines([("status", status), ("found by", COMMAND), ("fix", code.fix)], width))


def _print_sign_in_code(code: SignInCode, as_json: bool) -> None:
    if as_json:
        print_json(_sign_in_code_json(code))
        return
    width = terminal_width()
    print_lines(hanging_indent((Part(f"{code.code}: ", "bold"),), code.message, 2, width))
    print_lines(_row_lines([("found by", code.command), ("fix", code.fix)], width))


def _commands_for(clients: Sequence[MailClient]) -> str:
    """Return the command that describes a client, with the names of several clients in one line."""
    if len(clients) < 2:
        return "".join(explain_command(client.topic) for client in clients)
    topics = ", ".join(client.topic for client in clients)
    return f"{explain_command('CLIENT')}; CLIENT is one of {topics}"


def _print_client(client: MailClient, as_json: bool) -> None:
    if as_json:
        print_json(_client_json(client))
        return
    width = terminal_width()
    print_lines([(Part(client.name, "bold"),)])
    rows = [
        ("platforms", ", ".join(client.platforms)),
        ("reads first", "" if client.reads is None else client.reads.value),
        ("access log", client.user_agent.log_name if client.user_agent else ""),
    ]
    print_lines(_row_lines(rows, width))
    for record in records_of(client):
        print_lines(_record_lines(record, width))
    if rules := rules_about(client):
        print_lines([(), (Part("settings that break it (waypost lint):", "bold"),)])
        print_lines(_item_lines((f"{code.code}: {code.message}" for code in rules), width))


def _record_lines(record: SimulatedClient, width: int | None) -> Iterator[Line]:
    yield ()
    head = (Part(f"{record.name}: ", "bold"),)
    about = f"{record.version}, {record.date}; {BASIS_TEXTS[record.basis]}"
    yield from hanging_indent(head, about, 2, width)
    for title, lines in (
        ("requests (D is the domain of the address, and E the address)", record.order),
        ("notes", record.notes),
        ("evidence", record.evidence),
        ("assumptions", record.assumed),
    ):
        if lines:
            yield (Part(f"  {title}:"),)
            yield from _item_lines(lines, width)


def _row_lines(rows: Iterable[tuple[str, str]], width: int | None) -> Iterator[Line]:
    for title, text in rows:
        if text:
            yield from hanging_indent((Part(f"  {title}: ", "green"),), text, 4, width)


def _item_lines(lines: Iterable[str], width: int | None) -> Iterator[Line]:
    for line in lines:
        yield from hanging_indent((Part("  - "),), line, 4, width)


def _code_json(code: DiagnosticCode, table: CodeTable) -> dict[str, object]:
    return {
        "code": code.code,
        "command": table.command,
        "severity": code.severity,
        "message": code.message,
        "fix": code.fix,
        "clients": [client.key for client in code.clients],
    }


def _api_code_json(code: ApiCode) -> dict[str, object]:
    return {
        "code": code.code,
        "command": COMMAND,
        "status": code.status,
        "message": code.message,
        "fix": code.fix,
    }


def _sign_in_code_json(code: SignInCode) -> dict[str, object]:
    return {"code": code.code, "command": code.command, "message": code.message, "fix": code.fix}


def _client_json(client: MailClient) -> dict[str, object]:
    return {
        "key": client.key,
        "name": client.name,
        "platforms": client.platforms,
        "reads": client.reads and client.reads.value,
        "access_log": client.user_agent and client.user_agent.log_name,
        "codes": [code.code for code in rules_about(client)],
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
