"""The codes of `waypost db check` and of `waypost import automx2`, as a table."""

from collections.abc import Callable
from typing import Final

from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode, RowLocation

_CODES_IN_ORDER: Final = (
    DiagnosticCode(
        "db-service",
        "error",
        "a service cannot be read, so no answer contains it",
        "correct the row, or delete it",
    ),
    DiagnosticCode(
        "db-service-unused",
        "note",
        "a service has no domain, so no answer uses it",
        "link the service to a domain, or delete the row",
    ),
    DiagnosticCode(
        "db-socket-type",
        "warning",
        "the socket_type is not known, so Waypost derives it from the port",
        "write SSL, STARTTLS or plain",
    ),
    DiagnosticCode(
        "db-port-type",
        "warning",
        "the port is registered for another protocol than the type of the service",
        "correct the port or the type",
    ),
    DiagnosticCode(
        "db-port-security",
        "warning",
        "the port and the socket_type contradict each other, so clients may not connect",
        "correct the port or the socket_type",
    ),
    DiagnosticCode(
        "db-authentication",
        "warning",
        "the authentication method is not known, so Waypost offers another one",
        "write plain, encrypted or a method of the providers file",
    ),
    DiagnosticCode(
        "db-formats",
        "warning",
        "the formats of a service contain an unknown word",
        "write only autoconfig, autodiscover, mobileconfig, pacc and dns, separated by spaces",
    ),
    DiagnosticCode(
        "db-url-scheme",
        "warning",
        "the URL of a calendar or an address book has no scheme",
        "begin the URL with https://",
    ),
    DiagnosticCode(
        "db-url-ssl",
        "warning",
        "the scheme of a URL and use_ssl contradict each other",
        "correct the URL or use_ssl",
    ),
    DiagnosticCode(
        "db-url-port",
        "warning",
        "the port in a URL and the column port contradict each other",
        "correct the URL or the port",
    ),
    DiagnosticCode(
        "db-separators",
        "warning",
        "the subaddress_separators of a provider contain a character that is not allowed",
        "remove the character",
    ),
    DiagnosticCode(
        "db-domain-name",
        "error",
        "the name of a domain is not a domain, so no client can ask for it",
        "correct the name, or delete the row",
    ),
    DiagnosticCode(
        "db-domain-form",
        "error",
        "the name of a domain is not in the form that lookups use, so the domain is not served",
        "rename the domain as the effect says",
    ),
    DiagnosticCode(
        "db-domain-twin",
        "warning",
        "two rows are for the same domain, and only one of them is served",
        "delete one of the rows",
    ),
    DiagnosticCode(
        "db-domain-case",
        "note",
        "the name of a domain has uppercase letters, which automx2 served in this spelling only",
        "change nothing, or write the name in lower case",
    ),
    DiagnosticCode(
        "db-domain-mail",
        "error",
        "a domain has no incoming or no outgoing mail service, so clients get 404",
        "link an IMAP or POP3 service and an SMTP service to the domain",
    ),
    DiagnosticCode(
        "db-domain-provider",
        "warning",
        "a domain refers to a provider that does not exist, so its name is used instead",
        "correct provider_id, or add the provider",
    ),
    DiagnosticCode(
        "db-domain-directory",
        "warning",
        "a domain refers to a directory that does not exist, so users are not looked up",
        "correct ldapserver_id or directory_id, or add the directory",
    ),
    DiagnosticCode(
        "db-alias",
        "warning",
        "alias_of is not a domain, so clients get addresses of the domain itself",
        "write the other domain into alias_of, or NULL",
    ),
    DiagnosticCode(
        "db-redirect",
        "warning",
        "the redirect of a domain is invalid, so the domain is served without it",
        "write a domain into redirect_address, or an https URL into redirect_url",
    ),
    DiagnosticCode(
        "db-directory",
        "error",
        "a directory cannot be read, so its domains are served without looking up users",
        "correct the row, or delete it",
    ),
    DiagnosticCode(
        "db-link",
        "note",
        "a link refers to a row that does not exist, and is ignored",
        "delete the link",
    ),
    DiagnosticCode(
        "db-copy-reference",
        "warning",
        "a row of automx2 refers to a row that does not exist",
        "correct the row in automx2's database and import again, or add the row here",
    ),
    DiagnosticCode(
        "db-copy-value",
        "warning",
        "a value of automx2 does not fit into its column",
        "shorten or correct the value in automx2's database, and import again",
    ),
    DiagnosticCode(
        "db-copy-twin",
        "warning",
        "two names of automx2 differ only in case, and MariaDB cannot store both",
        "delete one of the rows in automx2's database, and import again",
    ),
)
ROW_CODES: Final[dict[str, DiagnosticCode]] = {code.code: code for code in _CODES_IN_ORDER}


def row_diagnostic(code: str, table: str, key: object, problem: str, effect: str) -> Diagnostic:
    """Return a diagnostic of a row.

    Args:
        code: in the table above.
        table: the name of the table.
        key: the id of the row; of a link both ids, as `4000/3000`.
        problem: the values of the row, written by `repr`.
        effect: what Waypost does with the row.
    """
    return Diagnostic(ROW_CODES[code], RowLocation(table, str(key)), problem, effect)


DiagnosticSink = Callable[[Diagnostic], None]
"""Called with each row that no answer uses, and the reason."""


def ignore_diagnostic(_diagnostic: Diagnostic) -> None:
    """Ignore the diagnostic."""
