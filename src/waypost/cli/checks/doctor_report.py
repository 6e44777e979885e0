"""The findings of the doctor, as a report and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from waypost.cli.checks.client_reports import (
    client_groups,
    client_rows,
    details,
    group_of,
    rows,
    rule_groups,
    rule_remark,
    verdict_on,
)
from waypost.cli.checks.report import Report, counts
from waypost.cli.layout import clean
from waypost.diagnostics.conformance.reports import ConformanceReport as Seen
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.diagnostics.grouping import DiagnosticGroup, grouped, ordered

CAUSE: Final = "dns-silent"
"""Without DNS, no other check is possible."""
_OF_HOSTS: Final = ("name-", "certificate-")


def report_of(domain: str, findings: Sequence[Diagnostic], seen: Sequence[Seen]) -> Report:
    """Return the report of a domain.

    Args:
        domain: the domain.
        findings: about names, DNS and mail servers.
        seen: the reports of clients and rules.
    """
    found = doctor_groups(findings, seen)
    groups = ordered(
        [
            *found,
            *client_groups(seen, without={one.code for one in findings}),
            *rule_groups(seen, with_silence=not any(map(_is_of_host, found))),
        ]
    )
    clients = [one for one in seen if one.kind == "client"]
    unchecked = {one.remark for one in clients if one.verdict == "not checked"}
    if clients and all(one.verdict == "not checked" for one in clients) and len(unchecked) == 1:
        verdict = f"not checked: {unchecked.pop()}"
        shown = []
    else:
        verdict = "; ".join(part for part in (counts(groups), verdict_on(seen)) if part)
        shown = client_rows(seen, groups)
    remarks = ["", rule_remark(seen)] if shown else []
    return Report(domain, verdict, groups, shown, remarks, details(seen))


def _is_of_host(one: DiagnosticGroup) -> bool:
    return one.severity == "error" and one.code.startswith(_OF_HOSTS)


def doctor_groups(findings: Iterable[Diagnostic], seen: Sequence[Seen]) -> list[DiagnosticGroup]:
    """Return the diagnostics by their codes, with the clients that they break."""
    return [_with_clients(one, seen) for one in grouped(findings)]


def _with_clients(group: DiagnosticGroup, seen: Sequence[Seen]) -> DiagnosticGroup:
    hosts = {str(one.place).partition(":")[0] for one in group.kept if _is_of_host(group)}
    clients = tuple(
        one.name
        for one in seen
        if any(noted.code == group.code for noted in one.diagnostics)
        or (one.kind == "client" and one.verdict == "fails" and one.silent & hosts)
    )
    return replace(group_of(group.kept, clients), is_cause=group.code == CAUSE)


def for_scripts(findings: Sequence[Diagnostic], seen: Sequence[Seen]) -> dict[str, object]:
    """Return the report for --json, in the same order."""
    order = [one.code for one in ordered(doctor_groups(findings, seen))]
    by_kind = rows(seen)
    found = [
        diagnostic_json(one) | {"place": clean(str(one.place)), "detail": clean(one.detail)}
        for one in sorted(findings, key=lambda one: order.index(one.code))
    ]
    return {"findings": found, "clients": by_kind["client"], "rules": by_kind["server"]}
