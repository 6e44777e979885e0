"""The findings of the doctor, as a report and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from waypost.cli.checks.client_reports import (
    client_problems,
    client_rows,
    details,
    problem,
    rows,
    rule_problems,
    rule_remark,
    verdict_on,
)
from waypost.cli.checks.report import Report, counts
from waypost.cli.layout import clean
from waypost.diagnostics.conformance.reports import ConformanceReport as Seen
from waypost.diagnostics.doctor.codes import DoctorFinding
from waypost.diagnostics.problem import Problem, ordered

CAUSE: Final = "dns-silent"
"""Without DNS, no other check is possible."""
_OF_HOSTS: Final = ("name-", "certificate-")


def report_of(domain: str, findings: Sequence[DoctorFinding], seen: Sequence[Seen]) -> Report:
    """Return the report of a domain.

    Args:
        domain: the domain.
        findings: about names, DNS and mail servers.
        seen: the reports of clients and rules.
    """
    found = finding_problems(findings, seen)
    problems = ordered(
        [
            *found,
            *client_problems(seen, without={one.fault.code for one in findings}),
            *rule_problems(seen, with_silence=not any(map(_is_of_host, found))),
        ]
    )
    clients = [one for one in seen if one.kind == "client"]
    unchecked = {one.remark for one in clients if one.verdict == "not checked"}
    if clients and all(one.verdict == "not checked" for one in clients) and len(unchecked) == 1:
        verdict = f"not checked: {unchecked.pop()}"
        shown = []
    else:
        verdict = "; ".join(part for part in (counts(problems), verdict_on(seen)) if part)
        shown = client_rows(seen, problems)
    remarks = ["", rule_remark(seen)] if shown else []
    return Report(domain, verdict, problems, shown, remarks, details(seen))


def _is_of_host(one: Problem) -> bool:
    return one.severity == "error" and one.code.startswith(_OF_HOSTS)


def finding_problems(findings: Iterable[DoctorFinding], seen: Sequence[Seen]) -> list[Problem]:
    """Return the findings by their codes, with the clients that they break."""
    by_code: dict[str, list[DoctorFinding]] = {}
    for one in findings:
        by_code.setdefault(one.fault.code, []).append(one)
    return [_problem(code, held, seen) for code, held in by_code.items()]


def _problem(code: str, held: Sequence[DoctorFinding], seen: Sequence[Seen]) -> Problem:
    places = [f"{one.place}: {one.detail}" if one.detail else one.place for one in held]
    fault = held[0].fault
    is_of_host = fault.severity == "error" and code.startswith(_OF_HOSTS)
    hosts = {one.place.partition(":")[0] for one in held if is_of_host}
    clients = tuple(
        one.name
        for one in seen
        if any(noted.fault.code == code for noted in one.faults)
        or (one.kind == "client" and one.verdict == "fails" and one.silent & hosts)
    )
    found = problem(fault, places, held[0].link, clients=clients)
    return replace(found, is_cause=code == CAUSE)


def for_scripts(findings: Sequence[DoctorFinding], seen: Sequence[Seen]) -> dict[str, object]:
    """Return the report for --json, in the same order."""
    order = [one.code for one in ordered(finding_problems(findings, seen))]
    by_kind = rows(seen)
    found = [
        {
            "code": one.fault.code,
            "severity": one.fault.severity,
            "place": clean(one.place),
            "detail": clean(one.detail),
            "message": one.fault.message,
            "fix": one.fault.fix,
            "link": one.link,
        }
        for one in sorted(findings, key=lambda one: order.index(one.fault.code))
    ]
    return {"findings": found, "clients": by_kind["client"], "rules": by_kind["server"]}
