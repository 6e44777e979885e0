"""The metrics of one worker."""

from prometheus_client.parser import text_string_to_metric_families

from waypost.runtime.metrics import AdminMetrics, Metrics
from waypost.runtime.prometheus import Registry, exposition


def samples(registry: Registry) -> dict[tuple[str, ...], float]:
    """Return each sample: its name, then the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposition(registry).decode())
        for sample in family.samples
    }


def test_read_at_the_scrape() -> None:
    """Connections, cached domains and readiness are read when the metrics are collected."""
    metrics = Metrics()
    connections: list[int] = []
    metrics.watch_connections(lambda: len(connections), 7)
    metrics.watch_cache(lambda: (2, 3))
    metrics.watch_readiness(lambda: bool(connections))
    assert samples(metrics.registry)["waypost_ready",] == 0
    connections.append(1)
    found = samples(metrics.registry)
    assert found["waypost_connections",] == found["waypost_ready",] == 1
    assert found["waypost_connections_limit",] == 7
    assert found["waypost_cache_entries", "found"] == 2
    assert found["waypost_cache_entries", "not_found"] == 3


def test_process_without_mail_clients() -> None:
    """A process that answers no mail clients has no waypost_ready: 0 would be an alert."""
    assert not any(
        name == "waypost_ready" for name, *_ in samples(Metrics(has_readiness=False).registry)
    )
    assert ("waypost_ready",) in samples(Metrics().registry)


def test_limits() -> None:
    """A limit that was reached is counted by its name."""
    metrics = Metrics()
    metrics.connection_closed()
    metrics.network_connection_closed()
    metrics.cache_refused()
    metrics.directory_queue_full()
    found = samples(metrics.registry)
    for limit in ("connections", "network_connections", "store_queue", "directory_queue"):
        assert found["waypost_limits_hit_total", limit] == 1
    assert found["waypost_cache_answers_total", "refused"] == 1


def test_forgotten_directory() -> None:
    """A directory that is used no more has no state, so no alert stays."""
    metrics = Metrics()
    metrics.record_directory_state("LDAP", up=False)
    metrics.forget_directory("LDAP")
    assert ("waypost_directory_up", "LDAP") not in samples(metrics.registry)


def test_build() -> None:
    """The version is a label."""
    text = exposition(Metrics().registry).decode()
    assert 'waypost_build_info{python="3.' in text


def test_domains() -> None:
    """The number of domains is not known before the first count."""
    registry = Registry()
    metrics = AdminMetrics(registry)
    assert samples(registry)["waypost_domains_served",] == -1
    metrics.record_domains(12)
    assert samples(registry)["waypost_domains_served",] == 12
