"""The checks of one domain and of one mail server: those of the doctor that change by themselves.

Certificates expire, DNS records disappear, servers stop. What follows from the configuration alone,
and the search of every client, is for `waypost doctor` and `waypost conformance`.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.dns_records import record_findings
from waypost.diagnostics.doctor.host_names import host_name_findings
from waypost.diagnostics.doctor.mail_servers import (
    check_mail_server,
    describe_service,
    services_of_documents,
)
from waypost.diagnostics.doctor.open_context import CheckOptions, open_context
from waypost.diagnostics.doctor.unanswered_lookups import unanswered_lookup_findings
from waypost.formats.dns import Record
from waypost.monitor.results import CheckResult, SubjectKind

LOCAL_PART: Final = "postmaster"
"""Of the address in requests: each domain with mail has this mailbox (RFC 5321 s4.5.1)."""
FAILED_ADDRESS_SECONDS: Final = 60.0
"""For how long a web server that did not answer for one domain is not asked for another."""


@dataclass(frozen=True, slots=True)
class ServedDomain:
    """A domain, and what it should publish.

    Attributes:
        name: in A-labels.
        records: the DNS records that it should have.
        services: its mail servers that no other domain has.
        has_documents: its documents name mail servers.
    """

    name: str
    records: Sequence[Record]
    services: Sequence[ParsedService] = ()
    has_documents: bool = True


CheckTask = ServedDomain | ParsedService


@dataclass(slots=True)
class _FailedAddresses:
    """The addresses of web servers that did not answer a moment ago, with the reasons."""

    clock: Callable[[], float]
    since: float = -math.inf
    reasons: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def current(self) -> dict[str, str]:
        """Return the addresses; threads share them until they are forgotten."""
        with self.lock:
            if self.clock() - self.since > FAILED_ADDRESS_SECONDS:
                self.since = self.clock()
                self.reasons = {}
            return self.reasons


class Checker:
    """Checks domains and mail servers; several threads may use it."""

    def __init__(self, options: CheckOptions, clock: Callable[[], float] = time.monotonic) -> None:
        """Initialize with how hosts are reached, and a clock that never goes back."""
        self._options = options
        self._failed_addresses = _FailedAddresses(clock)

    def check(self, task: CheckTask) -> CheckResult:
        """Check a domain or a mail server."""
        if isinstance(task, ServedDomain):
            return self._check_domain(task)
        return self._check_host(task)

    def check_resolver(self) -> CheckResult:
        """Check whether the resolver answers anything at all."""
        resolver = self._options.open_resolver()
        findings: tuple[Diagnostic, ...] = ()
        if not resolver.is_responding():
            findings = (doctor_diagnostic("dns-silent", resolver.name, "does not answer"),)
        return CheckResult("resolver", "DNS", findings, is_complete=True, checked=time.time())

    def _check_domain(self, domain: ServedDomain) -> CheckResult:
        context = open_context(LOCAL_PART, domain.name, self._options)
        findings = list(host_name_findings(context, self._failed_addresses.current()))
        is_reachable = not any(finding.severity == "error" for finding in findings)
        findings += record_findings(context, domain.records)
        # If a name is broken, its own finding says more than a missing document.
        if domain.has_documents and is_reachable:
            documents = services_of_documents(context)
            if not documents.services and not documents.unknown_reason:
                findings.append(doctor_diagnostic("mail-none", domain.name))
        unknown = False
        for service in domain.services:
            result = check_mail_server(context, service)
            findings += result.findings
            unknown = unknown or bool(result.unknown_reason)
        return _result("domain", domain.name, context, findings, unknown=unknown)

    def _check_host(self, service: ParsedService) -> CheckResult:
        context = open_context(LOCAL_PART, service.host_or_url, self._options)
        result = check_mail_server(context, service)
        name = f"{describe_service(service)} {service.security}"
        return _result(
            "host", name, context, list(result.findings), unknown=bool(result.unknown_reason)
        )


def _result(
    kind: SubjectKind,
    name: str,
    context: DoctorContext,
    findings: list[Diagnostic],
    *,
    unknown: bool,
) -> CheckResult:
    findings += unanswered_lookup_findings(context.unanswered)
    is_complete = not (unknown or context.unanswered or context.target.http.is_exhausted)
    return CheckResult(
        kind,
        name,
        tuple(dict.fromkeys(findings)),
        is_complete,
        time.time(),
        context.certificate_ends,
    )
