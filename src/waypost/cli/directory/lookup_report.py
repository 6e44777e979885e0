"""The report of `waypost directory test` as text and as JSON."""

from collections.abc import Iterator
from typing import Final

from waypost.admin.checks.lookup_report import LookupReport
from waypost.cli.output import align_columns, print_json, print_line
from waypost.core.model import DirectoryPolicy, UnknownUser
from waypost.directory.step import Step

_STATUS_WIDTH: Final = 6
_NAME_WIDTH: Final = 9
_UNKNOWN_USER_TEXTS: Final = {
    UnknownUser.ANSWER: "the general answer, without data of the directory",
    UnknownUser.DECLINE: "no answer, as for a domain that is not served",
}


def step_lines(step: Step) -> Iterator[str]:
    """Yield a step as a line, and its mistakes if there are several."""
    status = "ok" if step.ok else "failed"
    duration = f"{step.seconds * 1000:8.1f} ms"
    yield f"{status:{_STATUS_WIDTH}}  {step.name:{_NAME_WIDTH}}  {duration}  {step.text}"
    problems = step.details.get("problems")
    if isinstance(problems, list) and len(problems) > 1:
        yield from (f"  {problem}" for problem in problems)


def print_lookup_report(report: LookupReport, as_json: bool) -> None:
    """Write the result that clients receive; with --json, write all steps too."""
    if as_json:
        print_json(_report_json(report))
        return
    if report.directory is None or report.users is None:
        return
    clients = f"clients of {report.address}"
    if report.is_own:
        heading = f"C{clients[1:]} receive:"
    else:
        heading = f"With directory {report.directory.label}, {clients} would receive:"
    print_line("")
    print_line(heading)
    for line in align_columns(list(_result_rows(report, report.users))):
        print_line(f"  {line}")


def _result_rows(report: LookupReport, users: DirectoryPolicy) -> Iterator[tuple[str, str]]:
    found_user = report.found_user
    if report.is_unavailable:
        yield "answer", "the general answer, without the directory, while it is unavailable"
        return
    if found_user is None:
        yield "answer", _UNKNOWN_USER_TEXTS[users.unknown_user]
        yield "unknown_user", users.unknown_user.value
        return
    yield "login name", found_user.login_name or "(that of each service; the directory has none)"
    yield "display name", _display_name(users, found_user.display_name)
    attributes = dict(found_user.attributes)
    for rule in report.directory.rules if report.directory is not None else ():
        default = "(nothing)" if rule.default is None else f"{rule.default} (the default)"
        yield f"%{{{rule.name}}}", attributes.get(rule.name, default)
    unknown_user_text = _UNKNOWN_USER_TEXTS[users.unknown_user]
    yield (
        "unknown_user",
        f"{users.unknown_user.value} (unknown users receive {unknown_user_text})",
    )


def _display_name(users: DirectoryPolicy, name: str | None) -> str:
    if name is None:
        return "(none)"
    shown = "shown" if users.show_display_name else "not shown"
    return f"{name} ({shown}: show_display_name is {str(users.show_display_name).lower()})"


def _report_json(report: LookupReport) -> dict[str, object]:
    found_user, users = report.found_user, report.users
    shown = users is not None and users.show_display_name
    return {
        "address": str(report.address),
        "domain": report.address.domain.ascii,
        "directory": None if report.directory is None else report.directory.label,
        "unknown_user": None if users is None else users.unknown_user.value,
        "steps": [
            {
                "name": step.name,
                "ok": step.ok,
                "text": step.text,
                "details": step.details,
                "milliseconds": round(step.seconds * 1000, 3),
            }
            for step in report.steps
        ],
        "user": None
        if found_user is None
        else {
            "login_name": found_user.login_name,
            "display_name": found_user.display_name,
            "display_name_shown": shown,
            "attributes": dict(found_user.attributes),
        },
    }
