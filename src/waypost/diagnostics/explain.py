"""Explanations of codes and of clients, for `waypost explain`."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from waypost.core.clients import CLIENTS, MailClient
from waypost.diagnostics import simulated_clients
from waypost.diagnostics.api_codes import API_CODES
from waypost.diagnostics.codes import CODE_TABLES, CodeTable
from waypost.diagnostics.diagnostic import DiagnosticCode
from waypost.diagnostics.lint.rules import RULES
from waypost.diagnostics.sign_in_codes import SIGN_IN_CODES
from waypost.diagnostics.simulated_clients import SimulatedClient

BASIS_TEXTS: Final = {
    "run": "this program was run, and its requests were recorded",
    "code": "recorded from its source",
    "doc": "recorded from documents, not from its source",
    "log": "recorded from logs of servers, not from its source",
}
"""How a record of a client was made."""


def find_code(topic: str) -> tuple[DiagnosticCode, CodeTable] | None:
    """Return a code with its table; None if there is no such code."""
    topic_name = topic.lower()
    return next(
        ((code, table) for table in CODE_TABLES for code in table.codes if code.code == topic_name),
        None,
    )


def find_client(topic: str) -> MailClient | None:
    """Return a client by its name, by its identifier, or by the identifier of a record."""
    topic_name = _slug(topic)
    return next((client for client in CLIENTS if topic_name in _topic_names(client)), None)


def records_of(client: MailClient) -> tuple[SimulatedClient, ...]:
    """Return the records of a client: the usual one, and those of older versions."""
    return tuple(simulated for simulated in simulated_clients.CLIENTS if simulated.client is client)


def rules_about(client: MailClient) -> tuple[DiagnosticCode, ...]:
    """Return the codes of the linter that name a client."""
    return tuple(rule for rule in RULES if client in rule.clients)


def suggest_topic(topic: str) -> str:
    """Return the topic that is most similar to a word; empty if there is none."""
    topics = [code.code for table in CODE_TABLES for code in table.codes]
    topics += [code.code for code in API_CODES]
    topics += [code.code for code in SIGN_IN_CODES]
    topics += [word for client in CLIENTS for word in _topic_names(client)]
    return next(iter(get_close_matches(_slug(topic), topics, n=1)), "")


def _topic_names(client: MailClient) -> Iterator[str]:
    yield from (client.key, *client.aliases, _slug(client.name), _slug(client.shown))
    for record in records_of(client):
        yield from (record.key, _slug(record.name))


def _slug(text: str) -> str:
    return "-".join(text.lower().replace(",", "").split())
