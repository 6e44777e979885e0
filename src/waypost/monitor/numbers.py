"""The metrics of the monitor, as plain values."""

from collections.abc import Mapping
from typing import Final

from waypost.monitor.state import MonitorState
from waypost.runtime.metric_types import Kind, Value
from waypost.runtime.worker_counts import Counts, Metric

CERTIFICATES_SHOWN: Final = 200
"""How many certificates are labels: those that end first."""
_METRICS: Final[Mapping[str, tuple[Kind, str, tuple[str, ...]]]] = {
    "waypost_monitor_findings": (
        "gauge",
        "Findings of the last checks.",
        ("code", "severity"),
    ),
    "waypost_monitor_certificate_expiry_timestamp_seconds": (
        "gauge",
        f"When a certificate expires; only the first {CERTIFICATES_SHOWN} of all hosts.",
        ("place",),
    ),
    "waypost_monitor_last_run_timestamp_seconds": (
        "gauge",
        "When the last run ended; 0 before the end of the first run.",
        (),
    ),
    "waypost_monitor_last_run_duration_seconds": ("gauge", "How long the last run took.", ()),
    "waypost_monitor_last_run_complete": (
        "gauge",
        "0 if the last run could not check everything.",
        (),
    ),
    "waypost_monitor_last_run_checks": (
        "gauge",
        "How many domains and mail servers the last run has checked.",
        ("kind",),
    ),
    "waypost_monitor_interval_seconds": (
        "gauge",
        "The time between the starts of two runs, as configured.",
        (),
    ),
    "waypost_monitor_notification_failures": (
        "counter",
        "How often the command of `monitor_notify` failed.",
        (),
    ),
}


def monitor_counts(state: MonitorState, *, interval: float, failed_notifications: int) -> Counts:
    """Return the current metrics.

    Args:
        state: the last results.
        interval: the time between the starts of two runs, in seconds.
        failed_notifications: how often the command of `monitor_notify` failed.
    """
    run = state.last_run
    certificates = state.first_certificates()[:CERTIFICATES_SHOWN]
    numbers: list[dict[tuple[str, ...], Value]] = [
        {(code, severity): count for (code, severity), count in sorted(state.counts().items())},
        {(place,): one.end for place, one in certificates},
        {(): run.finished if run else 0},
        {(): run.finished - run.started if run else 0},
        {(): run.is_complete if run else 0},
        {("domain",): run.domains if run else 0, ("host",): run.hosts if run else 0},
        {(): interval},
        {(): failed_notifications},
    ]
    return tuple(
        Metric(name, text, kind, labels, values)
        for (name, (kind, text, labels)), values in zip(_METRICS.items(), numbers, strict=True)
    )


def status_text(state: MonitorState) -> str:
    """Return one line about the state, for `systemctl status`."""
    run = state.last_run
    if run is None:
        return "First run"
    numbers: dict[str, int] = {}
    for (_, severity), count in state.counts().items():
        numbers[severity] = numbers.get(severity, 0) + count
    found = ", ".join(
        f"{numbers[severity]} {severity}{'' if numbers[severity] == 1 else 's'}"
        for severity in ("error", "warning")
        if severity in numbers
    )
    domains = f"{run.domains} {'domain' if run.domains == 1 else 'domains'}"
    return f"{found or 'No errors or warnings'} in {domains}"
