"""The report of `waypost init`, for people and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from waypost.cli.init.activation import StepResult
from waypost.cli.output import align_columns
from waypost.core.address import DomainName
from waypost.core.model import HostEndpoint, Service
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.formats.dns import DnsRecords, write
from waypost.setup.files import FileResult, FileState
from waypost.setup.plan import PROVIDERS, SetupPlan
from waypost.setup.search import Discovery
from waypost.setup.web_servers import public_url

_DONE: Final = {
    FileState.NEW: "written",
    FileState.EXTENDED: "lines added",
    FileState.SAME: "exists already",
    FileState.KEPT: "exists, not changed",
    FileState.FAILED: "not written",
}
_PLANNED: Final = _DONE | {
    FileState.NEW: "would be written",
    FileState.EXTENDED: "lines would be added",
    FileState.FAILED: "cannot be written",
}


@dataclass(frozen=True, slots=True)
class SetupReport:
    """All that `waypost init` has found and done.

    Attributes:
        is_dry_run: nothing was written.
        steps: all commands; those that were run are done or failed.
        findings: of the doctor, about names, DNS and mail servers.
        missing: what the operator must do apart from these, one line each.
    """

    found: Discovery
    plan: SetupPlan
    files: Sequence[FileResult]
    is_dry_run: bool
    steps: Sequence[StepResult]
    findings: Sequence[Diagnostic]
    missing: Sequence[str]

    @property
    def is_usable(self) -> bool:
        """Return whether clients can set up an account, and every file is as planned."""
        return self.found.missing is None and not any(
            result.is_other_content or result.state is FileState.FAILED for result in self.files
        )


def missing_lines(
    found: Discovery, files: Sequence[FileResult], steps: Sequence[StepResult], *, has_web: bool
) -> tuple[str, ...]:
    """Return what the operator must do before clients get an answer, one line each."""
    lines: list[str] = []
    if found.missing is not None:
        lines.append(f"{found.missing}: add the server to services in {PROVIDERS}")
    for result in files:
        path = result.file.path
        if result.state is FileState.FAILED:
            lines.append(f"{path}: {result.reason}; write the file as root, with the text above")
        elif result.is_other_content:
            reason = f" ({result.reason})" if result.reason else ""
            lines.append(f"{path} exists{reason}: compare it with the text above")
    if not has_web:
        lines.append(
            "no web server (nginx, Apache, Caddy, HAProxy) is installed: install one, and run "
            "this command again"
        )
    lines += [
        f"`{result.step.command}` failed: {result.reason}" for result in steps if result.reason
    ]
    return tuple(lines)


def report_lines(report: SetupReport) -> Iterator[str]:
    """Yield the report for people."""
    found = report.found
    yield f"{found.domain.pattern.text}: " + (found.missing or "mail servers found")
    yield from _indented([describe(service) for service in found.domain.services])
    yield from _section("Found in", found.sources)
    yield from _section("Not used", found.notes)
    yield from _section("Warnings", report.plan.warnings)
    words = _PLANNED if report.is_dry_run else _DONE
    rows = [
        [str(result.existing or result.file.path), words[result.state], result.file.purpose]
        for result in report.files
    ]
    yield from _section("Files", list(align_columns(rows)))
    for result in report.files:
        if _is_shown(result, report.is_dry_run):
            yield from _section(f"{result.file.path}", result.file.text.splitlines())
    yield from _section("DNS records to publish", list(_dns_lines(report.plan.records)))
    done = [f"{result.step.command}" for result in report.steps if result.is_done]
    yield from _section("Done", done)
    commands = [
        line
        for result in report.steps
        if not result.is_done
        for line in (f"# {result.step.purpose}", result.step.command)
    ]
    yield from _section("Next, as root", commands)
    yield from _section("Still missing", [*report.missing, *_finding_lines(report.findings)])
    yield ""
    yield f"Check it again: waypost doctor postmaster@{found.domain.pattern.text}"


def describe(service: Service) -> str:
    """Return one line about a service."""
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return f"{service.type} {endpoint.host}:{endpoint.port} {endpoint.security}"
    return f"{service.type} {endpoint.url}"


def _is_shown(result: FileResult, is_dry_run: bool) -> bool:
    """Return whether the text of a file is printed: of each file that is not written."""
    if result.is_other_content or result.state is FileState.FAILED:
        return True
    return is_dry_run and result.state in {FileState.NEW, FileState.EXTENDED}


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{title}:"
        yield from _indented(lines)


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _dns_lines(records: DnsRecords | None) -> Iterator[str]:
    if records is None:
        return
    host = public_url(records.domain).partition("//")[2]
    yield (
        f"; {host}. needs an A and, with IPv6, an AAAA record with the public addresses of the "
        "web server"
    )
    yield from write(records, "zone").decode().splitlines()


def _finding_lines(findings: Sequence[Diagnostic]) -> Iterator[str]:
    """Yield one line for each code."""
    places: dict[str, list[Diagnostic]] = {}
    for finding in findings:
        places.setdefault(finding.code, []).append(finding)
    for same in places.values():
        texts = dict.fromkeys(finding.text for finding in same)
        definition = same[0].definition
        yield f"{definition.message}: {', '.join(texts)}; {definition.fix}"


def report_json(report: SetupReport) -> dict[str, object]:
    """Return the report for --json."""
    found, records = report.found, report.plan.records
    domain = DomainName(found.domain.pattern.text)
    return {
        "domain": domain.ascii,
        "services": [describe(service) for service in found.domain.services],
        "missing_service": found.missing,
        "sources": list(found.sources),
        "not_used": list(found.notes),
        "warnings": list(report.plan.warnings),
        "dry_run": report.is_dry_run,
        "files": [
            {
                "path": str(result.file.path),
                "state": result.state.value,
                "existing": None if result.existing is None else str(result.existing),
                "reason": result.reason,
                "mode": f"{result.file.mode:04o}",
                "text": result.file.text,
            }
            for result in report.files
        ],
        "dns": list(_dns_lines(records)),
        "steps": [
            {
                "command": result.step.command,
                "purpose": result.step.purpose,
                "done": result.is_done,
                "reason": result.reason,
            }
            for result in report.steps
        ],
        "missing": list(report.missing),
        "findings": [diagnostic_json(finding) for finding in report.findings],
    }
