"""Diagnostics: the description of a code, and one occurrence of it.

`lint`, `doctor`, `conformance` and `db check` use these types.
"""

from dataclasses import dataclass
from typing import Final, Literal

from waypost.core.clients import MailClient

Severity = Literal["error", "warning", "note"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""All severities, the most severe first."""
MEANINGS: Final[dict[Severity, str]] = {
    "error": "some users get no account or no mail, or their passwords can be read",
    "warning": "this will fail, or may fail, for some users",
    "note": "this needs no action for most users",
}
ROW_DETAIL_MAX_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class DiagnosticCode:
    """The description of a code.

    Attributes:
        code: never changes; scripts may rely on it.
        severity: `error` if mail or set-up fails for some users, `warning` if it will or may fail,
            `note` if nothing has to be done.
        message: what is wrong and what it affects, as a clause.
        fix: what the operator can do, as a clause.
        clients: the clients that it breaks, the most used first; empty if that depends on what
            was found.
        x: the detail of a diagnostic is complete without the message.
    """

    code: str
    severity: Severity
    message: str
    fix: str
    clients: tuple[MailClient, ...] = ()
    detail_is_complete: bool = False

    @property
    def link(self) -> str:
        """Return the command that explains the code."""
        return explain_command(self.code)


@dataclass(frozen=True, slots=True)
class DomainLocation:
    """A part of the configuration of domains.

    Attributes:
        domain: the first domain, or a text for the domains of a directory.
        domains: how many domains have the same services; None for the domains of a directory.
        service: a service or a text; empty for all services of the domain.
    """

    domain: str
    domains: int | None
    service: str

    def __str__(self) -> str:
        """Return the domains, and the service or the text."""
        more = f" and {self.domains - 1:,} more" if self.domains and self.domains > 1 else ""
        return f"{self.domain}{more}: {self.service}" if self.service else f"{self.domain}{more}"


@dataclass(frozen=True, slots=True)
class RowLocation:
    """A row of the database.

    Attributes:
        table: the name of the table.
        key: the id of the row; of a link both ids, as `4000/3000`.
    """

    table: str
    key: str

    def __str__(self) -> str:
        """Return the table and the id."""
        return f"{self.table} {self.key}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One occurrence of a code.

    Attributes:
        definition: the description of the code.
        location: a part of the configuration, a row of the database, or a text, such as a host name
            with its port; empty if the detail names the place.
        detail: what was seen; empty if the message is enough.
        effect: what Waypost does now; empty if Waypost does nothing about it.
        clients: the clients that are affected; empty if that is unknown.
    """

    definition: DiagnosticCode
    location: str | DomainLocation | RowLocation = ""
    detail: str = ""
    effect: str = ""
    clients: tuple[MailClient, ...] = ()

    @property
    def code(self) -> str:
        """Return the code."""
        return self.definition.code

    @property
    def severity(self) -> Severity:
        """Return the severity of the code."""
        return self.definition.severity

    @property
    def text(self) -> str:
        """Return the place, the detail and the effect; values of a row are shortened."""
        detail = self.detail
        if isinstance(self.location, RowLocation) and len(detail) > ROW_DETAIL_MAX_CHARS:
            detail = f"{detail[:ROW_DETAIL_MAX_CHARS]}…"
        text = ": ".join(part for part in (str(self.location), detail) if part)
        return f"{text}; {self.effect}" if self.effect else text

    @property
    def line(self) -> str:
        """Return the text after the message, unless the text is complete without it."""
        return (
            self.text
            if self.definition.detail_is_complete
            else f"{self.definition.message}: {self.text}"
        )

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def explain_command(topic: str) -> str:
    """Return the command that explains a code or a client."""
    return f"waypost explain {topic}"


def diagnostic_json(diagnostic: Diagnostic) -> dict[str, object]:
    """Return a diagnostic for --json: the members of every check, and those of the place."""
    definition, location = diagnostic.definition, diagnostic.location
    fields: dict[str, object] = {
        "code": definition.code,
        "severity": definition.severity,
        "message": definition.message,
        "fix": definition.fix,
        "link": definition.link,
    }
    match location:
        case DomainLocation(domain, domains, service):
            clients = [client.shown for client in diagnostic.clients]
            links = [explain_command(client.topic) for client in diagnostic.clients]
            fields |= {"where": service, "domain": domain, "domains": domains}
            return fields | {"clients": clients, "links": links}
        case RowLocation(table, key):
            fields |= {"table": table, "key": key}
            return fields | {"problem": diagnostic.detail, "effect": diagnostic.effect}
        case str():
            return fields | {"place": location, "detail": diagnostic.detail}
