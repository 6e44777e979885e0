"""`waypost monitor`: run the doctor's checks for all domains, again and again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import structlog
import typer

from waypost.cli.checks.doctor import CaFileFlag, ResolverFlag
from waypost.cli.checks.report import CheckReport, print_report, severity_counts
from waypost.cli.logs import log_only_warnings
from waypost.cli.monitor.service import Monitor, install_signals
from waypost.cli.options import (
    DbUriFlag,
    DemoFlag,
    JsonFlag,
    ProvidersFlag,
    PublicUrlFlag,
    VerboseFlag,
)
from waypost.cli.output import EXIT_FINDINGS, print_json, print_stderr, print_warnings, quantity
from waypost.core.model import DomainPattern
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import DOCTOR_CODES
from waypost.diagnostics.doctor.open_context import CheckOptions
from waypost.diagnostics.doctor.setup import tls_context
from waypost.diagnostics.grouping import group_by_code
from waypost.monitor.checks import Checker
from waypost.monitor.notify import Notifier, check_command
from waypost.monitor.plan import Selection
from waypost.monitor.state import MonitorState
from waypost.monitor.state_file import (
    MonitorStateUnreadable,
    lock_folder,
    read_state,
    state_json,
)
from waypost.net.dns.resolver import read_server
from waypost.runtime.logs import configure
from waypost.runtime.standard_error import queue_standard_error
from waypost.settings import Settings, load_from_process, monitor_folder, secret_texts
from waypost.web.metrics import serving_metrics

CHECK_SECONDS: Final = 120.0
"""The time limit for all answers of one domain or mail server."""
NOTIFY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
CHANGES_SHOWN: Final = 20

DomainsFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--domain",
        metavar="DOMAIN",
        help="Check only this domain, or the domains that match a pattern such as *.example.com. "
        "May be repeated.",
    ),
]
ProviderFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Check only the domains of this provider. May be repeated.",
    ),
]
OnceFlag = Annotated[
    bool, typer.Option("--once", help="Check once, print a report, and end; for cron.")
]
IntervalFlag = Annotated[
    float | None,
    typer.Option(
        "--interval",
        metavar="SECONDS",
        min=60,
        max=2_592_000,
        help="The time between two runs. Default: monitor_interval of the settings.",
        show_default=False,
    ),
]
RateFlag = Annotated[
    float | None,
    typer.Option(
        "--rate",
        metavar="NUMBER",
        min=0.001,
        max=1000,
        help="How many checks start in a second, at most. Default: monitor_rate of the settings.",
        show_default=False,
    ),
]
StateFlag = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="The folder for the last results. Default: monitor_state of the settings.",
        show_default=False,
    ),
]
AnswerTimeoutFlag = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0.1, max=60, help="Time limit for each answer."
    ),
]


def monitor(  # noqa: PLR0913, PLR0917 -- one for each flag
    once: OnceFlag = False,
    domain: DomainsFlag = None,
    provider: ProviderFlag = None,
    interval: IntervalFlag = None,
    rate: RateFlag = None,
    state: StateFlag = None,
    resolver: ResolverFlag = "system",
    ca_file: CaFileFlag = None,
    timeout: AnswerTimeoutFlag = 10.0,
    public_url: PublicUrlFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    verbose: VerboseFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Check certificates, DNS and mail servers, again and again.

    All served domains are checked, and the log has only what has changed.
    With --once, exit code 1 if there is an error or a warning.
    """
    flags: dict[str, object] = {
        "providers": providers,
        "demo": demo or None,
        "db_uri": db_uri,
        "public_url": public_url,
        "monitor_interval": interval,
        "monitor_rate": rate,
        "monitor_state": state,
    }
    selection = Selection(
        tuple(DomainPattern.parse(text) for text in domain or ()), tuple(provider or ())
    )
    options = CheckOptions(read_server(resolver), tls_context(ca_file), timeout, CHECK_SECONDS)

    with _open_monitor(flags, selection, options, is_quiet=once) as running:
        if once:
            _run_once(running, verbose=verbose, as_json=as_json)
        else:
            _serve(running)


@contextmanager
def _open_monitor(
    flags: Mapping[str, object], selection: Selection, options: CheckOptions, *, is_quiet: bool
) -> Iterator[Monitor]:
    """Load the settings, configure the log, and lock the folder while `with` lasts."""

    def load() -> Settings:
        return load_from_process(flags).settings

    settings = load()
    if is_quiet:
        log_only_warnings()
    else:
        queue_standard_error()
        configure(settings.loglevel, settings.log_format, secrets=secret_texts(settings))
    check_command(settings.monitor_notify)
    folder = monitor_folder(settings)
    with lock_folder(folder):
        yield Monitor(
            settings,
            folder,
            selection,
            Checker(options),
            _read_state(folder),
            Notifier(settings.monitor_notify, _log_failed_notification),
            load,
            is_quiet=is_quiet,
        )


def _read_state(folder: Path) -> MonitorState:
    try:
        return read_state(folder)
    except MonitorStateUnreadable as error:
        structlog.get_logger(__name__).warning(
            "earlier results not used; all findings count as new", reason=f"{error}"
        )
        return MonitorState()


def _serve(running: Monitor) -> None:
    log = structlog.get_logger(__name__)
    install_signals(running)
    running.update_counts()
    port = running.settings.monitor_port
    log.info(
        "monitor started",
        state=f"{running.folder}",
        metrics=f"http://127.0.0.1:{port}/metrics" if port else "disabled",
        interval_seconds=running.settings.monitor_interval,
    )
    try:
        if not port:
            running.run_forever()
            return
        from waypost.runtime.prometheus import exposition, registry_reading  # noqa: PLC0415 -- prometheus_client needs 2 MB

        registry = registry_reading(lambda: running.counts)
        show: Callable[[], bytes] = partial(exposition, registry)
        with serving_metrics(f"127.0.0.1:{port}", show, option="monitor_port"):
            running.run_forever()
    finally:
        running.notifier.close(STOP_SECONDS)
        log.info("monitor stopped")


def _run_once(running: Monitor, *, verbose: bool, as_json: bool) -> None:
    install_signals(running)
    reason = running.run()
    running.notifier.close(NOTIFY_SECONDS)
    run, changes = running.state.last_run, running.changes
    # The state may have more domains than this run has checked.
    state = running.state.since(run.started) if run is not None else running.state
    groups = group_by_code(
        Diagnostic(DOCTOR_CODES[finding.code], finding.place, finding.detail)
        for subject in state.subjects()
        for finding in subject.findings
        if finding.code in DOCTOR_CODES
    )
    subject = "" if run is None else f"{quantity(run.domains, 'domain')}, "
    subject += "" if run is None else quantity(run.hosts, "mail server")
    verdict = severity_counts(groups) or "nothing found"
    if as_json:
        print_json(state_json(state) | {"changes": [change.to_json() for change in changes]})
        print_stderr(f"{subject}: {verdict}")
    else:
        lines = _change_lines(running)
        print_report(CheckReport(subject, verdict, groups, remarks=lines), verbose=verbose)
    if running.selection.is_all:
        print_warnings(running.left_out)
    if reason:
        print_stderr(f"warning: not everything was checked: {reason}")
    if reason or any(group.severity != "note" for group in groups):
        raise typer.Exit(EXIT_FINDINGS)


def _change_lines(running: Monitor) -> list[str]:
    """Return the errors and warnings that are new or gone since the last run."""
    changes = [change for change in running.changes if change.finding.severity != "note"]
    lines = [
        f"{change.change}: {change.finding.code} {change.finding.place}"
        for change in changes[:CHANGES_SHOWN]
    ]
    if len(changes) > CHANGES_SHOWN:
        lines.append(f"and {len(changes) - CHANGES_SHOWN:,} more")
    return ["Since the last run:", *lines] if lines else []


def _log_failed_notification(reason: str, again: bool) -> None:
    message = "monitor_notify failed; trying again" if again else "monitor_notify failed"
    structlog.get_logger(__name__).error(message, reason=reason)
