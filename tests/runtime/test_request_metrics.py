"""The metrics of requests."""

from prometheus_client import generate_latest

from waypost.runtime.prometheus import registry_of
from waypost.runtime.request_metrics import RequestMetrics


def test_requests() -> None:
    """Requests are counted by format, result and client, and measured by format."""
    metrics = RequestMetrics()
    registry = registry_of([metrics, metrics.durations])
    record = metrics.recorder("autoconfig", "ok", "thunderbird")
    record(0.0004)
    record(0.003)
    metrics.recorder("autoconfig", "not_served", "none")(7.0)
    assert metrics.recorder("autoconfig", "ok", "thunderbird") == record
    lines = generate_latest(registry).decode().splitlines()
    requests = "waypost_requests_total{client="
    assert requests + '"thunderbird",format="autoconfig",result="ok"} 2.0' in lines
    assert requests + '"none",format="autoconfig",result="not_served"} 1.0' in lines
    buckets = 'waypost_request_duration_seconds_bucket{format="autoconfig",le='
    assert [f'{buckets}"{bound}"}} {count}' in lines for bound, count in BUCKETS] == [True] * 4
    assert 'waypost_request_duration_seconds_count{format="autoconfig"} 3.0' in lines


BUCKETS = [("0.0005", "1.0"), ("0.005", "2.0"), ("10.0", "3.0"), ("+Inf", "3.0")]
