"""All codes of the checks, by the command that finds them."""

from dataclasses import dataclass
from typing import Final

from waypost.diagnostics.conformance.client_codes import CLIENT_CODES
from waypost.diagnostics.conformance.rule_codes import RULE_CODES
from waypost.diagnostics.diagnostic import DiagnosticCode
from waypost.diagnostics.doctor.codes import DOCTOR_CODES
from waypost.diagnostics.lint.rules import RULES
from waypost.diagnostics.row_codes import ROW_CODES


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The codes of a command.

    Attributes:
        key: the name of the table in the documentation.
        command: the command that finds the codes.
        codes: in the order of the documentation.
    """

    key: str
    command: str
    codes: tuple[DiagnosticCode, ...]


CODE_TABLES: Final = (
    CodeTable("lint", "waypost lint", RULES),
    CodeTable("doctor", "waypost doctor", tuple(DOCTOR_CODES.values())),
    CodeTable("conformance-clients", "waypost conformance", tuple(CLIENT_CODES.values())),
    CodeTable("conformance-rules", "waypost conformance", tuple(RULE_CODES.values())),
    CodeTable("db-check", "waypost db check", tuple(ROW_CODES.values())),
)
