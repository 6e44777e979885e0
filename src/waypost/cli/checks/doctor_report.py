"""The findings of the doctor, as a report and as JSON."""

from collections.abc import Sequence

from waypost.cli.checks.client_reports import (
    client_groups,
    client_rows,
    client_summary,
    details,
    rule_groups,
    rule_summary,
)
from waypost.cli.checks.report import CheckReport, severity_counts
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.report_json import doctor_groups, is_about_host
from waypost.diagnostics.grouping import sort_groups


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
            *rule_groups(reports, with_unanswered=not any(map(is_about_host, groups_of_findings))),
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
