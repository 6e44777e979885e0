"""The dashboard and the alerts, checked by the tools of Prometheus and a real run."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from tests.cli.conftest import Waypost, home, waypost
from tests.cli.serve.test_serve import serving
from tests.contrib.files import CONTRIB
from tests.servers.authority import Authority
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port

__all__ = ["home", "waypost"]

PROMETHEUS = CONTRIB / "prometheus"
PANELS: Final[list[dict[str, Any]]] = json.loads(
    (CONTRIB / "grafana" / "waypost.json").read_text(encoding="utf-8")
)["panels"]
RULES = PROMETHEUS / "waypost-alerts.yml"
NAME = re.compile(r"\b(?:waypost_\w+|up\b)")
# A run without a failure has none of these series.
_ONLY_AFTER_FAILURES: Final = ("waypost_store_failures_total", "waypost_directory_failures_total")
USERS = "address,login\nalice@example.com,u1\n"
PROVIDERS = """
[[directory]]
name = "people"
kind = "file"
path = "users.csv"

[[provider]]
name = "Example"
directory = "people"
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""


def promtool(*arguments: str) -> str:
    """Run promtool, and return its output; fail if it fails."""
    require(programs=["promtool"])
    command = [program("promtool"), *arguments]
    done = subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.servers
def test_rules() -> None:
    """The rules are accepted by promtool, and each rule has a test of promtool that passes."""
    assert "20 rules found" in promtool("check", "rules", RULES.name)
    assert "SUCCESS" in promtool("test", "rules", "waypost-alerts-test.yml")
    tests = (PROMETHEUS / "waypost-alerts-test.yml").read_text(encoding="utf-8")
    for alert in re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")):
        assert f"alertname: {alert}\n        exp_alerts" in tests, alert


def queries() -> Iterator[str]:
    """Return the queries of the dashboard, as Grafana sends them for all instances."""
    for text in expressions():
        yield (
            text.replace("$instance", ".*")
            .replace("$__rate_interval", "10s")
            .replace("$__range", "1m")
        )


def expressions() -> Iterator[str]:
    """Return the queries of the dashboard, with Grafana's variables."""
    for panel in PANELS:
        for target in panel.get("targets", ()):
            yield target["expr"]


def test_dashboard() -> None:
    """Panels do not overlap, have different ids, and the rest of their row is not wider."""
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    cells = [
        (x, y)
        for panel in PANELS
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_tables() -> None:
    """A table has one row for each series, not one for each step of time, and hides the time."""
    tables = [panel for panel in PANELS if panel["type"] == "table"]
    assert tables
    for panel in tables:
        for target in panel["targets"]:
            kind = (target.get("instant"), target.get("format"))
            assert kind == (True, "table"), panel["title"]
        hidden = {"id": "organize", "options": {"excludeByName": {"Time": True}}}
        assert hidden in panel.get("transformations", ()), panel["title"]


def test_windows() -> None:
    """The window of each rate is a variable of Grafana: a fixed one can have too few samples."""
    windows = {window for text in expressions() for window in re.findall(r"\[(.*?)\]", text)}
    assert windows == {"$__rate_interval", "$__range"}


@pytest.fixture(name="prometheus")
def _prometheus(tmp_path: Path, waypost: Waypost, home: Path) -> Iterator[str]:
    """Run Waypost with a database, a directory and a signature, and Prometheus that scrapes it."""
    require(programs=["prometheus"])
    pair = Authority.create(tmp_path).issue("signer", ["signer.example"])
    (home / "users.csv").write_text(USERS, encoding="utf-8")
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    environ = {
        "WAYPOST_DB_URI": f"sqlite:///{home / 'mail.sqlite'}",
        "WAYPOST_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
        "WAYPOST_ADMIN_PORT": f"{free_port()}",
        "WAYPOST_PROFILE_CERT": f"{pair.certificate}",
        "WAYPOST_PROFILE_KEY": f"{pair.key}",
        "WAYPOST_WORKERS": "2",
    }
    assert waypost("apply", "mail.toml", "--db-uri", environ["WAYPOST_DB_URI"]).code == 0
    config = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace("127.0.0.1:9243", environ["WAYPOST_METRICS_LISTEN"])
    config = config.replace("127.0.0.1:4244", f"127.0.0.1:{environ['WAYPOST_ADMIN_PORT']}")
    config = config.replace("/etc/prometheus/rules/waypost-alerts.yml", f"{RULES}")
    jobs = yaml.safe_load(config)["scrape_configs"]
    assert {job["scrape_interval"] for job in jobs} == {"15s"}
    config = config.replace("scrape_interval: 15s", "scrape_interval: 1s")
    config = f"global: {{ evaluation_interval: 1s }}\n{config}"
    (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")
    promtool("check", "config", f"{tmp_path / 'prometheus.yml'}")
    port = free_port()
    process = Process(
        [
            program("prometheus"),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        log=tmp_path / "prometheus.log",
        environment={},
        folder=tmp_path,
    )
    with serving(home, **environ) as server, process:
        url = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: is_ready(url))
        end = time.monotonic() + PATIENCE_SECONDS
        ask = f"http://127.0.0.1:{environ['WAYPOST_ADMIN_PORT']}/tls/ask?domain="
        # For a rate, several scrapes must show requests.
        while len(value(url, "sum_over_time(waypost_ready[10s]) > 5")) == 0:
            assert time.monotonic() < end, process.log.read_text()
            for path in PATHS:
                server.status(path)
            httpx.get(f"{ask}autoconfig.example.com")
            time.sleep(0.2)
        yield url


def is_ready(url: str) -> bool:
    """Return whether Prometheus answers queries; it listens before it has opened its database."""
    try:
        return httpx.get(f"{url}/-/ready", timeout=PATIENCE_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


PATHS = [
    "/mail/config-v1.1.xml?emailaddress=alice@example.com",
    "/mail/config-v1.1.xml?emailaddress=alice@unserved.example",
    "/mobileconfig?emailaddress=alice@example.com",
    "/readyz",
]


def value(url: str, query: str) -> list[dict[str, Any]]:
    """Return the result of a query; fail with Prometheus' message if it refuses the query."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=30).json()
    assert answer["status"] == "success", f"{query}: {answer}"
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


@pytest.mark.servers
def test_queries_of_a_real_run(prometheus: str) -> None:
    """Each query of the dashboard has a result, and the alerts know what Prometheus scraped."""
    empty = [query for query in queries() if not value(prometheus, query)]
    assert [query for query in empty if not any(n in query for n in _ONLY_AFTER_FAILURES)] == []
    for query in ("waypost_ready", "waypost_store_up", "waypost_directory_up"):
        assert value(prometheus, f"{query} == 1"), query
    # The admin process answers no mail clients, so it is not the reason for an alert.
    assert value(prometheus, "waypost_ready == 0") == []
    assert value(prometheus, "waypost_signing_certificate_expiry_timestamp_seconds > time()")
    # By client family: the tests' client sends no User-Agent.
    assert value(prometheus, 'waypost_requests_total{client="none", format="mobileconfig"} > 0')
    assert value(prometheus, "waypost_signing_duration_seconds_count > 0")
    assert value(prometheus, "waypost_store_query_duration_seconds_count > 0")
    assert value(prometheus, 'waypost_directory_query_duration_seconds_count{directory="people"}')
    assert value(prometheus, "waypost_domains_served == 1")
    alerts = httpx.get(f"{prometheus}/api/v1/rules").json()["data"]["groups"][0]["rules"]
    assert {rule["health"] for rule in alerts} == {"ok"}
    firing = {rule["name"] for rule in alerts if rule["state"] == "firing"}
    # The certificate of the tests is valid for one day.
    assert firing == {"WaypostSigningCertificateExpires"}
    scraped = httpx.get(f"{prometheus}/api/v1/label/__name__/values").json()["data"]
    used = {name for text in (*queries(), RULES.read_text()) for name in NAME.findall(text)}
    used = {name for name in used if not name.endswith(("alerts", "_admin"))}
    used = {name for name in used if not name.startswith("waypost_monitor_")}  # another service
    assert {name for name in used - {*scraped} if name not in _ONLY_AFTER_FAILURES} == set()
