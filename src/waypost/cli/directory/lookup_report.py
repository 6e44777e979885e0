"""The lookup of `waypost directory test`, and its report."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from waypost.admin.lookups import find_user
from waypost.cli.output import align_columns, print_json, print_line
from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import Directory, DirectoryPolicy, Domain, UnknownUser, User
from waypost.directory.probe import probe
from waypost.directory.step import Step
from waypost.settings import Settings

_STATUS_WIDTH: Final = 6
_NAME_WIDTH: Final = 9
_UNKNOWN_USER_TEXTS: Final = {
    UnknownUser.ANSWER: "the general answer, without data of the directory",
    UnknownUser.DECLINE: "no answer, as for a domain that is not served",
}


class LookupReport:
    """One lookup.

    Attributes:
        user: the address for the directory, which is the address without its detail.
        directory: the directory that is asked; None if there is none.
        is_own: whether this is the directory of the domain.
        users: how this directory looks up the users of the domain.
        steps: the steps that are finished.
        found_user: the user that was found in the same way as by a server.
        is_unavailable: whether the directory is unavailable.
    """

    def __init__(
        self,
        settings: Settings,
        address: EmailAddress,
        domain: Domain | None,
        directory: Directory | None,
        seconds: float,
    ) -> None:
        """Initialize with the address to look up.

        Args:
            settings: the settings of a server.
            address: the address of the user.
            domain: the entry of the domain; None if the domain is not served.
            directory: the directory to ask instead of the directory of the domain.
            seconds: the time that the lookup of the domain took.
        """
        self._settings = settings
        self.address = address
        self.user = address if domain is None else domain.mailbox_of(address)
        self._domain = domain
        self._seconds = seconds
        users = None if domain is None else domain.users
        own_directory = None if users is None else users.directory
        self.directory = own_directory if directory is None else directory
        self.is_own = self.directory is not None and self.directory == own_directory
        self.users = users
        if self.directory is not None and not self.is_own:
            self.users = DirectoryPolicy(self.directory) if users is None else users
        self.steps: list[Step] = []
        self.found_user: User | None = None
        self.is_unavailable = False

    @property
    def is_good(self) -> bool:
        """Return whether the user was found, and no step failed."""
        return self.found_user is not None and all(step.ok for step in self.steps)

    def run(self) -> Iterator[Step]:
        """Run all steps, and yield each when it is finished."""
        for step in self._all_steps():
            self.steps.append(step)
            yield step

    def _all_steps(self) -> Iterator[Step]:
        yield self._domain_step()
        if self.directory is None:
            return
        started = time.perf_counter()
        ca_file = self._settings.ldap_ca_file
        for step in probe(
            self.directory,
            self.user,
            ldap_ca_file=None if ca_file is None else str(ca_file),
        ):
            # The time that a step has measured itself is more exact.
            yield step if step.seconds else replace(step, seconds=_seconds_since(started))
            started = time.perf_counter()
        yield self._answer_step(self.directory)

    def _domain_step(self) -> Step:
        name, domain = self.address.domain, self._domain
        if domain is None:
            text, details = f"{name} is not served here", {}
        else:
            own_directory = None if domain.users is None else domain.users.directory.label
            directory_text = (
                "which has no directory"
                if own_directory is None
                else f"with directory {own_directory}"
            )
            text = (
                f"{name} is served as {domain.pattern} by {domain.provider.name}, {directory_text}"
            )
            details = {"pattern": domain.pattern.text, "provider": domain.provider.name}
            details |= {"directory": own_directory} if own_directory is not None else {}
        if self.user != self.address:
            text += f"; its user is {self.user}"
            details["user"] = str(self.user)
        if self.directory is None and domain is not None:
            text += "; choose one with --directory"
        elif self.directory is not None and not self.is_own:
            text += f"; asking {self.directory.label} instead"
        return Step("domain", self.directory is not None, text, dict(details), self._seconds)

    def _answer_step(self, directory: Directory) -> Step:
        """Look up the user again in the same way as a server, with its time limit and rules."""
        started = time.perf_counter()
        heading = f"lookup by a server, within {directory.limits.time_limit_seconds:g} s"
        try:
            self.found_user = find_user(self._settings, directory, self.user)
        except (DirectoryUnavailable, DirectoryError) as error:
            self.is_unavailable = True
            text = f"{heading}: no answer: {error}"
            return Step("answer", False, text, {"code": error.code}, _seconds_since(started))
        found = self.found_user is not None
        text = f"{heading}: {'found' if found else 'the user is not found'}"
        return Step("answer", found, text, {}, _seconds_since(started))


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


def _seconds_since(started: float) -> float:
    return time.perf_counter() - started
