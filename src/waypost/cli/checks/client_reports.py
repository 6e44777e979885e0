"""Reports of simulated clients and of rules, as text and as JSON."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from waypost.cli.checks.report import ClientRow, Details
from waypost.diagnostics.conformance.client_codes import NO_ACCOUNT
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.doctor.report_json import group_of
from waypost.diagnostics.grouping import DiagnosticGroup, group_by_code

_WORKING: Final = frozenset({"works", "works with warnings"})
_NEED_ACTION: Final = frozenset({"fails", "works with warnings", "not checked"})
# A reason begins with the requested URL.
_URL: Final = re.compile(r"^https?://\S+: ")
_STATUS: Final = re.compile(r"\bstatus \d{3}\b")
_REASONS_MAX: Final = 3
_NO_ANSWER: Final = "no answer"
_REASON_MAX_CHARS: Final = 80
# The rules about a document, by the end of the path that a client requests.
_RULES: Final = {
    "/mail/config-v1.1.xml": ("autoconfig", "well-known", "no-address", "capitals", "head"),
    "/autodiscover.xml": ("autodiscover", "spellings", "content-types", "bad-xml"),
    "/mobileconfig/": ("profile-keys", "profile"),
}


def needs_action(report: ConformanceReport) -> bool:
    """Return whether the operator must do something."""
    return report.verdict in _NEED_ACTION


def client_summary(reports: Sequence[ConformanceReport]) -> str:
    """Return how many clients work: `5 of 14 clients fail, 1 was not checked`."""
    clients = [
        report for report in reports if report.kind == "client" and report.verdict != "not offered"
    ]
    verdicts: list[str] = [report.verdict for report in clients]
    total, failing = len(clients), verdicts.count("fails")
    unchecked = verdicts.count("not checked")
    if not total:
        return "the server offers nothing to any client"
    if unchecked == total:
        return f"none of {total} clients was checked"
    summary = f"{failing} of {total} clients {'fails' if failing == 1 else 'fail'}"
    if not failing:
        working = total - unchecked
        summary = f"all {total} clients work" if not unchecked else f"{working} of {total} work"
    if unchecked:
        summary += f", {unchecked} {'was' if unchecked == 1 else 'were'} not checked"
    return summary


def rule_summary(reports: Sequence[ConformanceReport]) -> str:
    """Return how many rules are kept: `rules: 20 passed, 2 failed`."""
    verdicts: list[str] = [report.verdict for report in reports if report.kind == "server"]
    names = {
        "works": "passed",
        "fails": "failed",
        "not offered": "not offered",
        "not checked": "not checked",
    }
    numbers = ((verdicts.count(verdict), name) for verdict, name in names.items())
    return "rules: " + (", ".join(f"{number} {name}" for number, name in numbers if number) or "-")


def client_rows(
    reports: Iterable[ConformanceReport], groups: Sequence[DiagnosticGroup]
) -> list[ClientRow]:
    """Return the table of clients.

    Args:
        reports: the reports of clients and rules.
        groups: the table shows their codes instead of their texts.
    """
    return [
        ClientRow(report.name, report.verdict, _reason(report, groups))
        for report in reports
        if report.kind == "client"
    ]


def _reason(report: ConformanceReport, groups: Sequence[DiagnosticGroup]) -> str:
    if report.verdict in {"not checked", "not offered"}:
        causes = (
            group.code
            for group in groups
            if group.is_cause and _is_explained_by(group, report.remark)
        )
        return next(causes, report.remark)
    source = _source(report)
    if report.verdict == "works":
        return source
    if report.verdict == "fails":
        if report.diagnostics and report.diagnostics[0].code == NO_ACCOUNT:
            summary = _answers_summary([diagnostic.text for diagnostic in report.diagnostics])
            codes = [group.code for group in groups if report.name in group.broken_clients]
            return ", ".join(codes) if codes and summary == _NO_ANSWER else summary
        errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"]
        return ", ".join(
            dict.fromkeys(_code_with_server(error.code, error.text) for error in errors)
        )
    warnings = ", ".join(dict.fromkeys(diagnostic.code for diagnostic in report.diagnostics))
    return f"{source}; {warnings}" if source else warnings


def _is_explained_by(group: DiagnosticGroup, remark: str) -> bool:
    return any(place.startswith(remark) for place in group.places)


def _code_with_server(code: str, text: str) -> str:
    """Return a code, with its mail server if it concerns one."""
    server = text.partition(": ")[0]
    return f"{code} ({server})" if code.startswith(("mail-", "certificate-")) else code


def _source(report: ConformanceReport) -> str:
    parts = urlsplit(report.source)
    if not parts.netloc:
        return report.source
    path = parts.path.lower()
    kinds = {
        "/mail/config-v1.1.xml": "Autoconfig",
        "/autodiscover.xml": "Autodiscover",
        "/autodiscover.json": "Autodiscover",
        "/mobileconfig/": "profile",
    }
    kind = next((name for end, name in kinds.items() if path.endswith(end)), "")
    kind = "ActiveSync" if report.account is None else kind
    return f"{kind} at {parts.netloc}" if kind else parts.netloc


def _answers_summary(reasons: Iterable[str]) -> str:
    """Return the answers that a client received, each kind of answer once."""
    answers: dict[str, None] = {}
    for reason in reasons:
        statuses = _STATUS.findall(reason)
        words = [_NO_ANSWER] if _NO_ANSWER in reason else []
        text = _URL.sub("", reason)
        if len(text) > _REASON_MAX_CHARS:
            text = f"{text[:_REASON_MAX_CHARS]}…"
        answers |= dict.fromkeys(words + statuses or [text])
    shown = list(answers)[:_REASONS_MAX]
    return "; ".join(shown)


def client_groups(
    reports: Sequence[ConformanceReport], without: Collection[str] = frozenset()
) -> list[DiagnosticGroup]:
    """Return what is wrong for clients, by code.

    Searches without a result are left out: the table shows them, and other codes explain them.

    Args:
        reports: the reports of clients and rules.
        without: codes that the report shows elsewhere.
    """
    left_out = {NO_ACCOUNT, *without}
    clients = [report for report in reports if report.kind == "client"]
    groups = group_by_code(diagnostic for report in clients for diagnostic in report.diagnostics)
    return [
        group_of(group.diagnostics, breaks=_clients_broken_by(group.code, clients))
        for group in groups
        if group.code not in left_out
    ]


def _clients_broken_by(code: str, clients: Sequence[ConformanceReport]) -> tuple[str, ...]:
    return tuple(
        report.name
        for report in clients
        if any(diagnostic.code == code for diagnostic in report.diagnostics)
    )


def rule_groups(
    reports: Sequence[ConformanceReport], *, with_unanswered: bool = True
) -> list[DiagnosticGroup]:
    """Return the rules that fail.

    Args:
        reports: the reports of clients and rules.
        with_unanswered: include rules that fail because a host did not answer at all.
    """
    reach = _failing_clients_by_rule(reports)
    groups = []
    for report in reports:
        shown = [
            diagnostic
            for diagnostic in report.diagnostics
            if with_unanswered or _NO_ANSWER not in diagnostic.text
        ]
        if report.kind == "server" and shown:
            groups.append(replace(group_of(shown), broken_client_count=reach.get(report.key, 0)))
    return groups


def _failing_clients_by_rule(reports: Sequence[ConformanceReport]) -> dict[str, int]:
    """Return the number of failing clients that requested the document of each rule."""
    reach: dict[str, int] = {}
    for report in reports:
        if report.kind != "client" or report.verdict != "fails":
            continue
        for end, keys in _RULES.items():
            if any(path.lower().endswith(end) for path in report.paths):
                for key in keys:
                    reach[key] = reach.get(key, 0) + 1
    return reach


def details(reports: Iterable[ConformanceReport]) -> list[Details]:
    """Return all results for each client and each rule."""
    return [
        Details(
            report.name if report.kind == "client" else f"rule {report.key}: {report.name}",
            report.verdict,
            (
                *([str(report.account)] if report.account else []),
                *report.other_services,
                *report.findings,
            ),
            report.link,
        )
        for report in reports
    ]
