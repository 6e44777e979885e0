"""Reports of simulated clients and of rules, as text and as JSON."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from waypost.cli.checks.report import ClientRow, Details
from waypost.cli.layout import clean
from waypost.diagnostics.conformance.client_codes import NO_ACCOUNT
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.grouping import DiagnosticGroup, grouped

_WORKING: Final = frozenset({"works", "works with warnings"})
_BAD: Final = frozenset({"fails", "works with warnings", "not checked"})
# A reason begins with the requested URL.
_URL: Final = re.compile(r"^https?://\S+: ")
_STATUS: Final = re.compile(r"\bstatus \d{3}\b")
_REASONS_MAX: Final = 3
_SILENCE: Final = "no answer"
_REASON_MAX_CHARS: Final = 80
# The rules about a document, by the end of the path that a client requests.
_RULES: Final = {
    "/mail/config-v1.1.xml": ("autoconfig", "well-known", "no-address", "capitals", "head"),
    "/autodiscover.xml": ("autodiscover", "spellings", "content-types", "bad-xml"),
    "/mobileconfig/": ("profile-keys", "profile"),
}


def is_bad(report: ConformanceReport) -> bool:
    """Return whether the operator must do something."""
    return report.verdict in _BAD


def rows(found: Iterable[ConformanceReport]) -> dict[str, list[dict[str, object]]]:
    """Return the reports of clients and of rules, for scripts."""
    rows: dict[str, list[dict[str, object]]] = {"client": [], "server": []}
    for report in found:
        rows[report.kind].append(
            {
                "key": report.key,
                "name": report.name,
                "verdict": report.verdict,
                "account": clean(str(report.account)) if report.account else None,
                "other_services": [clean(place) for place in report.other_services],
                "findings": [clean(finding) for finding in report.findings],
                "link": report.link,
            }
        )
    return rows


def verdict_on(found: Sequence[ConformanceReport]) -> str:
    """Return how many clients work: `5 of 14 clients fail, 1 was not checked`."""
    clients = [one for one in found if one.kind == "client" and one.verdict != "not offered"]
    verdicts: list[str] = [one.verdict for one in clients]
    total, failing = len(clients), verdicts.count("fails")
    unchecked = verdicts.count("not checked")
    if not total:
        return "it offers nothing to any client"
    if unchecked == total:
        return f"none of {total} clients was checked"
    said = f"{failing} of {total} clients {'fails' if failing == 1 else 'fail'}"
    if not failing:
        working = total - unchecked
        said = f"all {total} clients work" if not unchecked else f"{working} of {total} work"
    if unchecked:
        said += f", {unchecked} {'was' if unchecked == 1 else 'were'} not checked"
    return said


def rule_remark(found: Sequence[ConformanceReport]) -> str:
    """Return how many rules are kept: `rules: 20 passed, 2 failed`."""
    verdicts: list[str] = [one.verdict for one in found if one.kind == "server"]
    names = {"works": "passed", "fails": "failed", "not offered": "not offered"}
    names["not checked"] = "not checked"
    numbers = ((verdicts.count(verdict), name) for verdict, name in names.items())
    return "rules: " + (", ".join(f"{number} {name}" for number, name in numbers if number) or "-")


def client_rows(
    found: Iterable[ConformanceReport], groups: Sequence[DiagnosticGroup]
) -> list[ClientRow]:
    """Return the table of clients.

    Args:
        found: the reports of clients and rules.
        groups: the table shows their codes instead of their texts.
    """
    return [
        ClientRow(one.name, one.verdict, _how(one, groups)) for one in found if one.kind == "client"
    ]


def _how(report: ConformanceReport, groups: Sequence[DiagnosticGroup]) -> str:
    if report.verdict in {"not checked", "not offered"}:
        causes = (one.code for one in groups if one.is_cause and _says(one, report.remark))
        return next(causes, report.remark)
    source = _source(report)
    if report.verdict == "works":
        return source
    if report.verdict == "fails":
        if report.diagnostics and report.diagnostics[0].code == NO_ACCOUNT:
            summary = _summary([one.text for one in report.diagnostics])
            codes = [one.code for one in groups if report.name in one.breaks]
            return ", ".join(codes) if codes and summary == _SILENCE else summary
        wrong = [one for one in report.diagnostics if one.severity == "error"]
        return ", ".join(dict.fromkeys(_named(one.code, one.text) for one in wrong))
    seen = ", ".join(dict.fromkeys(one.code for one in report.diagnostics))
    return f"{source}; {seen}" if source else seen


def _says(group: DiagnosticGroup, remark: str) -> bool:
    return any(place.startswith(remark) for place in group.places)


def _named(code: str, text: str) -> str:
    """Return a code, with its mail server if it concerns one."""
    place = text.partition(": ")[0]
    return f"{code} ({place})" if code.startswith(("mail-", "certificate-")) else code


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


def _summary(reasons: Iterable[str]) -> str:
    """Return the answers that a client received, each kind of answer once."""
    seen: dict[str, None] = {}
    for reason in reasons:
        statuses = _STATUS.findall(reason)
        words = [_SILENCE] if _SILENCE in reason else []
        rest = _URL.sub("", reason)
        if len(rest) > _REASON_MAX_CHARS:
            rest = f"{rest[:_REASON_MAX_CHARS]}…"
        seen |= dict.fromkeys(words + statuses or [rest])
    shown = list(seen)[:_REASONS_MAX]
    return "; ".join(shown)


def client_groups(
    found: Sequence[ConformanceReport], without: Collection[str] = frozenset()
) -> list[DiagnosticGroup]:
    """Return what is wrong for clients, by code.

    Searches without a result are left out: the table shows them, and other codes explain them.

    Args:
        found: the reports of clients and rules.
        without: codes that the report shows elsewhere.
    """
    left_out = {NO_ACCOUNT, *without}
    clients = [one for one in found if one.kind == "client"]
    groups = grouped(one for report in clients for one in report.diagnostics)
    return [
        group_of(one.kept, breaks=_broken_by(one.code, clients))
        for one in groups
        if one.code not in left_out
    ]


def _broken_by(code: str, clients: Sequence[ConformanceReport]) -> tuple[str, ...]:
    return tuple(
        report.name for report in clients if any(one.code == code for one in report.diagnostics)
    )


def rule_groups(
    found: Sequence[ConformanceReport], *, with_silence: bool = True
) -> list[DiagnosticGroup]:
    """Return the rules that fail.

    Args:
        found: the reports of clients and rules.
        with_silence: include rules that fail because a host did not answer at all.
    """
    reach = _reach(found)
    held = []
    for report in found:
        shown = [one for one in report.diagnostics if with_silence or _SILENCE not in one.text]
        if report.kind == "server" and shown:
            held.append(replace(group_of(shown), reach=reach.get(report.key, 0)))
    return held


def _reach(found: Sequence[ConformanceReport]) -> dict[str, int]:
    """Return the number of failing clients that requested the document of each rule."""
    reach: dict[str, int] = {}
    for report in found:
        if report.kind != "client" or report.verdict != "fails":
            continue
        for end, keys in _RULES.items():
            if any(path.lower().endswith(end) for path in report.paths):
                for key in keys:
                    reach[key] = reach.get(key, 0) + 1
    return reach


def group_of(found: Sequence[Diagnostic], breaks: tuple[str, ...] = ()) -> DiagnosticGroup:
    """Return diagnostics of one code as a group; the same text is shown once.

    Args:
        found: at least one.
        breaks: the names of the clients that are broken.
    """
    texts = {one.text: one for one in reversed(found)}
    kept = [one for one in found if texts[one.text] is one]
    return DiagnosticGroup(found[0].about, kept, len(kept), breaks, len(breaks))


def details(found: Iterable[ConformanceReport]) -> list[Details]:
    """Return all results for each client and each rule."""
    return [
        Details(
            one.name if one.kind == "client" else f"rule {one.key}: {one.name}",
            one.verdict,
            (*([str(one.account)] if one.account else []), *one.other_services, *one.findings),
            one.link,
        )
        for one in found
    ]
