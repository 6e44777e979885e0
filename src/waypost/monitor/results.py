"""The result of a check, what is kept of it, and what has changed since the last check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from waypost.diagnostics.diagnostic import Diagnostic, Severity, explain_command

SubjectKind = Literal["domain", "host", "resolver"]
"""What a check is about: a served domain, a mail server, or the resolver of this machine."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: the domain, or the mail server with its port.
        findings: what is wrong.
        certificate_ends: the ends of accepted certificates, in seconds since 1970, by their places.
        is_complete: False if a part could not be checked; what was wrong there before still counts.
        checked: when it was checked, in seconds since 1970.
    """

    kind: SubjectKind
    name: str
    findings: tuple[Diagnostic, ...]
    is_complete: bool
    checked: float
    certificate_ends: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding, as it is kept between checks.

    Attributes:
        since: when it was found first, in seconds since 1970.
    """

    code: str
    severity: Severity
    place: str
    detail: str
    message: str
    fix: str
    since: float

    @classmethod
    def of(cls, diagnostic: Diagnostic, since: float) -> "KeptFinding":
        """Return what is kept of a finding of the doctor."""
        definition = diagnostic.definition
        texts = f"{diagnostic.location}", diagnostic.detail, definition.message, definition.fix
        return cls(definition.code, definition.severity, *texts, since)

    @property
    def key(self) -> tuple[str, str]:
        """Return what identifies the finding; its detail may change from check to check."""
        return self.code, self.place

    def to_json(self) -> dict[str, object]:
        """Return the members of `waypost doctor --json`, and the time."""
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "detail": self.detail,
            "message": self.message,
            "fix": self.fix,
            "link": explain_command(self.code),
            "since": timestamp(self.since),
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """The last result for a domain, a mail server or the resolver."""

    kind: SubjectKind
    name: str
    checked: float
    findings: tuple[KeptFinding, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the subject with its findings."""
        findings = [finding.to_json() for finding in self.findings]
        checked = timestamp(self.checked)
        return {"kind": self.kind, "name": self.name, "checked": checked, "findings": findings}


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that is new, or that is gone."""

    change: Literal["new", "gone"]
    kind: SubjectKind
    name: str
    finding: KeptFinding

    def to_json(self) -> dict[str, object]:
        """Return the change with all about the finding."""
        change = {"change": self.change, "kind": self.kind, "name": self.name}
        return change | self.finding.to_json()

    def __str__(self) -> str:
        """Return one line for people."""
        finding = self.finding
        text = ": ".join(part for part in (finding.place, finding.detail) if part)
        name = "" if finding.place.startswith(self.name) else f" ({self.name})"
        return f"{self.change} {finding.severity} {finding.code}: {finding.message}: {text}{name}"


def timestamp(seconds: float) -> str:
    """Return a time in the form of RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Return a time in seconds since 1970.

    Raises:
        ValueError: the text is not a time.
    """
    return datetime.fromisoformat(text).timestamp()
