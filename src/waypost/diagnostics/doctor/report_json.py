"""The findings of the doctor and the reports of clients as JSON data."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.diagnostics.grouping import DiagnosticGroup, group_by_code, sort_groups

ROOT_CAUSE_CODE: Final = "dns-silent"
"""Without DNS, no other check is possible."""
_HOST_CODE_PREFIXES: Final = ("name-", "certificate-")
Sanitizer = Callable[[str], str]


def report_json(
    findings: Sequence[Diagnostic],
    reports: Sequence[ConformanceReport],
    sanitize: Sanitizer = str,
) -> dict[str, object]:
    """Return the report of a domain, in the order of the command."""
    order = [diagnostic.code for diagnostic in sort_groups(doctor_groups(findings, reports))]
    by_kind = reports_json(reports, sanitize)
    findings_json = [
        diagnostic_json(finding)
        | {"place": sanitize(str(finding.location)), "detail": sanitize(finding.detail)}
        for finding in sorted(findings, key=lambda finding: order.index(finding.code))
    ]
    return {
        "findings": findings_json,
        "clients": by_kind["client"],
        "rules": by_kind["server"],
    }


def reports_json(
    reports: Iterable[ConformanceReport], sanitize: Sanitizer = str
) -> dict[str, list[dict[str, object]]]:
    """Return the reports of clients and of rules.

    Args:
        reports: the reports.
        sanitize: returns a text of a server in a form that can be shown.
    """
    by_kind: dict[str, list[dict[str, object]]] = {"client": [], "server": []}
    for report in reports:
        by_kind[report.kind].append(
            {
                "key": report.key,
                "name": report.name,
                "verdict": report.verdict,
                "account": sanitize(str(report.account)) if report.account else None,
                "other_services": [sanitize(service) for service in report.other_services],
                "findings": [sanitize(finding) for finding in report.findings],
                "link": report.link,
            }
        )
    return by_kind


def doctor_groups(
    findings: Iterable[Diagnostic], reports: Sequence[ConformanceReport]
) -> list[DiagnosticGroup]:
    """Return the diagnostics by their codes, with the clients that they break."""
    return [_add_clients(diagnostic, reports) for diagnostic in group_by_code(findings)]


def group_of(reports: Sequence[Diagnostic], breaks: tuple[str, ...] = ()) -> DiagnosticGroup:
    """Return diagnostics of one code as a group; the same text is shown once.

    Args:
        reports: at least one.
        breaks: the names of the clients that are broken.
    """
    texts = {report.text: report for report in reversed(reports)}
    unique = [report for report in reports if texts[report.text] is report]
    return DiagnosticGroup(reports[0].definition, unique, len(unique), breaks, len(breaks))


def _add_clients(group: DiagnosticGroup, reports: Sequence[ConformanceReport]) -> DiagnosticGroup:
    hosts = {
        str(diagnostic.location).partition(":")[0]
        for diagnostic in group.diagnostics
        if is_about_host(group)
    }
    clients = tuple(
        report.name
        for report in reports
        if any(diagnostic.code == group.code for diagnostic in report.diagnostics)
        or (
            report.kind == "client"
            and report.verdict == "fails"
            and report.unresponsive_hosts & hosts
        )
    )
    return replace(group_of(group.diagnostics, clients), is_cause=group.code == ROOT_CAUSE_CODE)


def is_about_host(group: DiagnosticGroup) -> bool:
    """Return whether diagnostics are errors of a host or of its certificate."""
    return group.severity == "error" and group.code.startswith(_HOST_CODE_PREFIXES)
