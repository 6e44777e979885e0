"""The last result for each domain and mail server, bounded, and the changes that a result makes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from waypost.diagnostics.diagnostic import Severity
from waypost.monitor.results import CheckResult, FindingChange, KeptFinding, Subject, SubjectKind

FAULTY_MAX: Final = 20_000
"""How many subjects with findings are kept; the findings of others are only counted."""
FAULTLESS_MAX: Final = 10_000
"""How many subjects without findings are kept."""
FINDINGS_MAX: Final = 50
"""How many findings of one subject are kept."""
CERTIFICATES_MAX: Final = 1000
"""How many certificates are kept: those that end first."""

SubjectKey = tuple[SubjectKind, str]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that ended.

    Attributes:
        started, finished: in seconds since 1970.
        domains, hosts: how many were checked.
        is_complete: False if the run was stopped, or DNS or the database did not answer.
    """

    started: float
    finished: float
    domains: int
    hosts: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """A certificate that a server has sent.

    Attributes:
        end: when it expires, in seconds since 1970.
        checked: when it was seen last.
    """

    end: float
    checked: float


class MonitorState:
    """What is known about all subjects.

    Attributes:
        last_run: None before the end of the first run.
        certificates: by their places.
    """

    def __init__(self) -> None:
        """Create an empty state."""
        self._faulty: dict[SubjectKey, Subject] = {}
        self._faultless: dict[SubjectKey, Subject] = {}
        self._uncounted: Counter[tuple[str, Severity]] = Counter()
        self.last_run: LastRun | None = None
        self.certificates: dict[str, SeenCertificate] = {}

    def subjects(self) -> Iterator[Subject]:
        """Yield all subjects that are kept, those with findings first."""
        yield from self._faulty.values()
        yield from self._faultless.values()

    def since(self, seconds: float) -> "MonitorState":
        """Return the part about the subjects that were checked since a time."""
        part = MonitorState()
        part.last_run = self.last_run
        part._uncounted = self._uncounted
        for subject in self.subjects():
            if subject.checked >= seconds:
                part.put(subject)
        part.certificates = {
            place: one for place, one in self.certificates.items() if one.checked >= seconds
        }
        return part

    def counts(self) -> Counter[tuple[str, Severity]]:
        """Return the number of findings by code and severity, with those that are not kept."""
        counts = Counter(
            (finding.code, finding.severity)
            for subject in self._faulty.values()
            for finding in subject.findings
        )
        return counts + self._uncounted

    def is_full(self) -> bool:
        """Return whether the findings of more subjects are only counted."""
        return len(self._faulty) >= FAULTY_MAX

    def put(self, subject: Subject) -> bool:
        """Keep the last result of a subject, and return whether there was room for it."""
        key = (subject.kind, subject.name)
        if subject.findings:
            if key not in self._faulty and self.is_full():
                return False
            self._faultless.pop(key, None)
            self._faulty[key] = subject
            return True
        self._faulty.pop(key, None)
        if key in self._faultless or len(self._faultless) < FAULTLESS_MAX:
            self._faultless[key] = subject
        return True

    def start_run(self) -> None:
        """Forget the findings that were only counted: the run counts them again."""
        self._uncounted.clear()

    def record(self, result: CheckResult) -> list[FindingChange]:
        """Keep the result of a check, and return what has changed."""
        before = self._faulty.get((result.kind, result.name))
        old = {finding.key: finding for finding in before.findings} if before else {}
        new: dict[tuple[str, str], KeptFinding] = {}
        for diagnostic in result.findings:
            finding = KeptFinding.of(diagnostic, result.checked)
            if finding.key in old:
                finding = replace(finding, since=old[finding.key].since)
            new.setdefault(finding.key, finding)
        if not result.is_complete:
            new |= {key: finding for key, finding in old.items() if key not in new}
        kept = tuple(new.values())[:FINDINGS_MAX]
        self._record_certificates(result)
        if not self.put(Subject(result.kind, result.name, result.checked, kept)):
            self._uncounted.update((finding.code, finding.severity) for finding in new.values())
            return []
        kept_keys = {finding.key for finding in kept}
        changed = [
            *(FindingChange("new", result.kind, result.name, f) for f in kept if f.key not in old),
            *(
                FindingChange("gone", result.kind, result.name, finding)
                for key, finding in old.items()
                if key not in kept_keys
            ),
        ]
        self._uncounted.update(
            (finding.code, finding.severity) for finding in tuple(new.values())[FINDINGS_MAX:]
        )
        return changed

    def end_run(self, run: LastRun, *, checked_all: bool) -> list[FindingChange]:
        """Keep the numbers of a run, and return what has changed.

        Args:
            run: the run.
            checked_all: the run has checked everything that is served, so that subjects that it
                has not checked are not served any more.
        """
        self.last_run = run
        if not (checked_all and run.is_complete):
            return []
        gone = [subject for subject in self.subjects() if subject.checked < run.started]
        for subject in gone:
            self._faulty.pop((subject.kind, subject.name), None)
            self._faultless.pop((subject.kind, subject.name), None)
        self.certificates = {
            place: one for place, one in self.certificates.items() if one.checked >= run.started
        }
        return [
            FindingChange("gone", subject.kind, subject.name, finding)
            for subject in gone
            for finding in subject.findings
        ]

    def _record_certificates(self, result: CheckResult) -> None:
        for place, end in result.certificate_ends.items():
            self.certificates[place] = SeenCertificate(end, result.checked)
        for finding in result.findings:
            place = f"{finding.location}"
            # A certificate that is refused has no end here; its last known end still counts.
            if finding.code.startswith("certificate-") and place in self.certificates:
                known = self.certificates[place]
                self.certificates[place] = SeenCertificate(known.end, result.checked)
        if len(self.certificates) > 2 * CERTIFICATES_MAX:
            self.certificates = dict(self.first_certificates())

    def first_certificates(self) -> list[tuple[str, SeenCertificate]]:
        """Return the certificates that end first, with their places."""
        by_end = sorted(self.certificates.items(), key=lambda item: (item[1].end, item[0]))
        return by_end[:CERTIFICATES_MAX]
