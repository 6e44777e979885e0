"""The page docs/reference/metrics.md: `python -m tests.docs.metrics_page` writes it."""

from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric

from tests.docs.pages import ROOT
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.monitor.numbers import monitor_counts
from waypost.monitor.results import CheckResult
from waypost.monitor.state import MonitorState
from waypost.runtime.metrics import AdminMetrics, CertificateMetrics, Metrics
from waypost.runtime.prometheus import Registry, registry_reading
from waypost.runtime.worker_counts import Counts

PAGE = ROOT / "docs" / "reference" / "metrics.md"
HEAD = """\
# Metrics

`make docs` writes this page from the metrics of Waypost.
[monitoring.md](../monitoring.md) says what to watch.

Names end in `_total` for counters, and in `_bucket`, `_sum` and `_count` for histograms.
With several workers, counters and histograms are the sum of all workers, including those that \
have ended.
A gauge shows the worst running worker; connections and cached domains are added up.
"""
ADMIN = """
## The admin listener

`http://127.0.0.1:4244/metrics` has these metrics, and those above about the admin process itself: \
its own cache and its own view of the database. It answers no mail clients, so `waypost_ready` is \
missing.
"""

MONITOR = """
## `monitor_port`

`http://127.0.0.1:4245/metrics` of [`waypost monitor`](../monitor.md) has these metrics.
"""


def page() -> str:
    """Return the whole page."""
    public, admin = Metrics(), Registry()
    _use(public)
    CertificateMetrics(admin).record_request("yes", 0.1)
    AdminMetrics(admin)
    tables = ["".join(_table(registry.collect())) for registry in (public.registry, admin)]
    monitor = registry_reading(_monitor_counts)
    monitored = "".join(_table(monitor.collect()))
    return f"{HEAD}\n## `metrics_listen`\n\n{tables[0]}{ADMIN}\n{tables[1]}{MONITOR}\n{monitored}"


def _use(metrics: Metrics) -> None:
    """Use each metric with labels, so that its labels are known."""
    metrics.request_recorder("autoconfig", "ok", "thunderbird")(0.1)
    metrics.watch_cache(lambda: (1, 1))
    metrics.count_store_failure("store_unavailable")
    metrics.record_providers_rejected()
    metrics.record_certificate("", 1.0)
    metrics.count_directory_answer("people", "hit")
    metrics.count_directory_failure("people", "directory_unavailable")
    metrics.record_directory_state("people", up=True)
    metrics.directory_timer("people")(0.1)


def _monitor_counts() -> Counts:
    """Return the metrics of a monitor that has found something, so that all labels are known."""
    state = MonitorState()
    finding = doctor_diagnostic("certificate-soon", "a.example:443")
    ends = {"a.example:443": 1.0}
    state.record(CheckResult("domain", "a.example", (finding,), True, 0.0, ends))
    return monitor_counts(state, interval=1.0, failed_notifications=0)


def _table(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| metric | type | labels | meaning |\n|---|---|---|---|\n"
    for metric in sorted(metrics, key=lambda one: one.name):
        names = dict.fromkeys(name for sample in metric.samples for name in sample.labels)
        labels = ", ".join(f"`{name}`" for name in names if name != "le")
        suffix = "_total" if metric.type == "counter" else ""
        yield f"| `{metric.name}{suffix}` | {metric.type} | {labels} | {metric.documentation} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
