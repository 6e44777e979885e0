"""The findings of the doctor, as a report and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from waypost.cli.checks.client_reports import (
    client_groups,
    client_rows,
    client_summary,
    details,
    group_of,
    reports_json,
    rule_groups,
    rule_summary,
)
from waypost.cli.checks.report import CheckReport, severity_counts
from waypost.cli.layout import sanitize
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.diagnostics.grouping import DiagnosticGroup, group_by_code, sort_groups

ROOT_CAUSE_CODE: Final = "dns-silent"
"""Without DNS, no other check is possible."""
_HOST_CODE_PREFIXES: Final = ("name-", "certificate-")


def make_report(
    domain: str, findings: Sequence[Diagnostic], reports: Sequence[ConformanceReport]
) -> CheckReport:
    """Return the report of a domain.

    Args:
        domain: the domain.
        findings: about names, DNS and mail servers.
        reports: the reports of clients and rules.
    """
    groups_of_findings = doctor_groups(findings, reports)
    groups = sort_groups(
        [
            *groups_of_findings,
            *client_groups(reports, without={diagnostic.code for diagnostic in findings}),
            *rule_groups(reports, with_unanswered=not any(map(_is_about_host, groups_of_findings))),
        ]
    )
    clients = [report for report in reports if report.kind == "client"]
    unchecked = {report.remark for report in clients if report.verdict == "not checked"}
    if (
        clients
        and all(report.verdict == "not checked" for report in clients)
        and len(unchecked) == 1
    ):
        verdict = f"not checked: {unchecked.pop()}"
        table = []
    else:
        verdict = "; ".join(
            part for part in (severity_counts(groups), client_summary(reports)) if part
        )
        table = client_rows(reports, groups)
    remarks = ["", rule_summary(reports)] if table else []
    return CheckReport(domain, verdict, groups, table, remarks, details(reports))


def _is_about_host(group: DiagnosticGroup) -> bool:
    return group.severity == "error" and group.code.startswith(_HOST_CODE_PREFIXES)


def doctor_groups(
    findings: Iterable[Diagnostic], reports: Sequence[ConformanceReport]
) -> list[DiagnosticGroup]:
    """Return the diagnostics by their codes, with the clients that they break."""
    return [_add_clients(diagnostic, reports) for diagnostic in group_by_code(findings)]


def _add_clients(group: DiagnosticGroup, reports: Sequence[ConformanceReport]) -> DiagnosticGroup:
    hosts = {
        str(diagnostic.location).partition(":")[0]
        for diagnostic in group.diagnostics
        if _is_about_host(group)
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


def report_json(
    findings: Sequence[Diagnostic], reports: Sequence[ConformanceReport]
) -> dict[str, object]:
    """Return the report for --json, in the same order."""
    order = [diagnostic.code for diagnostic in sort_groups(doctor_groups(findings, reports))]
    by_kind = reports_json(reports)
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
