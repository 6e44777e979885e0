"""The page about what to watch: its snippets and its lines for the log work."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from tests.docs.metrics_page import PAGE as METRICS
from tests.docs.metrics_page import page
from tests.docs.pages import ROOT, blocks
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port, waypost
from waypost.web.admin.pages.traffic import GOOD
from waypost.web.admin.readiness import Readiness

PAGE = ROOT / "docs" / "monitoring.md"
TEXT = PAGE.read_text(encoding="utf-8")
ALERTS = (ROOT / "contrib/prometheus/waypost-alerts.yml").read_text(encoding="utf-8")
PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
CONFIG = "/mail/config-v1.1.xml?emailaddress=a@"


def test_metrics_page_is_current() -> None:
    """The page about metrics is what `make docs` writes."""
    assert METRICS.read_text(encoding="utf-8") == page()


def test_alerts() -> None:
    """The table has each alert with its severity."""
    listed = re.findall(r"^\| `(Waypost\w+)` \| (\w+) \|", TEXT, re.MULTILINE)
    defined = re.findall(r"- alert: (\w+)\n(?:.*\n)*?\s+labels: \{ severity: (\w+) \}", ALERTS)
    assert sorted(listed) == sorted(defined)


def test_results_that_are_no_failures() -> None:
    """The alert, the dashboard, the line for the log and the admin pages mean the same results."""
    dashboard = (ROOT / "contrib/grafana/waypost.json").read_text(encoding="utf-8")
    listed = re.findall(r'result!~\\?"([^"\\]+)', ALERTS + dashboard)
    assert len(listed) == 2
    for names in (*listed, *re.findall(r"\.result \| IN\((.*?)\) \| not", TEXT)):
        assert set(re.findall(r"\w+", names)) == GOOD


NAMES = re.compile(r"\bwaypost_\w+")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
# Pages that name metrics, and the files for Prometheus and Grafana.
NAMING = [
    *(ROOT / "docs" / name for name in ("monitoring.md", "monitor.md", "guide.md", "limits.md")),
    *(ROOT / "docs" / name for name in ("scale.md", "reliability.md", "certificates.md")),
    ROOT / "contrib/prometheus/waypost-alerts.yml",
    ROOT / "contrib/prometheus/waypost-alerts-test.yml",
    ROOT / "contrib/grafana/waypost.json",
]
# Words of other programs with the same beginning.
NO_METRICS = {
    *("waypost_setup", "waypost_user", "waypost_command", "waypost_state", "waypost_log"),
    *("waypost_certificate", "waypost_middleware", "waypost_providers"),
}


@pytest.mark.parametrize("path", NAMING, ids=lambda path: path.name)
def test_named_metrics_exist(path: Path) -> None:
    """A page, an alert and the dashboard name only metrics that the list of all metrics has."""
    listed = set(re.findall(r"^\| `(waypost_\w+)` \|", METRICS.read_text("utf-8"), re.MULTILINE))
    found = set(NAMES.findall(path.read_text(encoding="utf-8"))) - NO_METRICS
    assert {OF_A_HISTOGRAM.sub("", name) for name in found} <= listed


def test_report() -> None:
    """The report of `/readyz` on the page has each field of the real one, in its form."""
    (text,) = (block.text for block in blocks(PAGE, "console") if "/readyz" in block.text)
    shown = json.loads(text[text.index("{") :])
    assert Readiness.model_validate(shown).model_dump(mode="json") == shown


@pytest.mark.servers
def test_install_the_alerts(tmp_path: Path) -> None:
    """The commands install the alerts where `prometheus.yml` reads them, and promtool agrees."""
    require(programs=["promtool"])
    (block,) = (one for one in blocks(PAGE, "console") if "promtool" in one.text)
    command = block.text.replace("# ", "").replace("/etc/", f"{tmp_path}/etc/")
    done = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout
    scraping = yaml.safe_load((ROOT / "contrib/prometheus/prometheus.yml").read_text("utf-8"))
    (rules,) = scraping["rule_files"]
    assert (tmp_path / rules.lstrip("/")).read_text(encoding="utf-8") == ALERTS


def test_kubernetes() -> None:
    """The probes are YAML, and ask the two URLs."""
    (block,) = blocks(PAGE, "yaml")
    probes = yaml.safe_load(block.text)
    paths = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
    assert paths["livenessProbe"] == paths["startupProbe"] == "/healthz"
    assert paths["readinessProbe"] == "/readyz"


def _running(tmp_path: Path) -> Path:
    providers = tmp_path / "providers.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    return providers


@pytest.mark.servers
def test_haproxy(tmp_path: Path) -> None:
    """HAProxy takes a server that is ready, and leaves out one that is not there."""
    require(programs=["haproxy"])
    (block,) = blocks(PAGE, "haproxy")
    port = free_port()
    with waypost(tmp_path, _running(tmp_path)) as server:
        backend = block.text.replace("192.0.2.1:4243", f"127.0.0.1:{server.port}")
        backend = backend.replace("192.0.2.2:4243", f"127.0.0.1:{free_port()}")
        config = tmp_path / "haproxy.cfg"
        config.write_text(
            "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n"
            f"    timeout server 30s\n    retries 3\n    option redispatch 1\n{backend}"
            f"\nfrontend all\n    bind 127.0.0.1:{port}\n    default_backend waypost\n",
            encoding="utf-8",
        )
        command = [program("haproxy"), "-db", "-f", f"{config}"]
        process = Process(command, log=tmp_path / "haproxy.log", environment={}, folder=tmp_path)
        with process:
            process.wait_until(lambda: listens(port))
            url = f"http://127.0.0.1:{port}{CONFIG}example.com"
            assert [httpx.get(url).status_code for _ in range(6)] == [200] * 6
            process.wait_until(lambda: "Server waypost/b is DOWN" in process.log.read_text())
            assert "waypost/a is DOWN" not in process.log.read_text()


@pytest.mark.servers
def test_nginx(tmp_path: Path) -> None:
    """Nginx accepts the snippet."""
    require(programs=["nginx"])
    (block,) = blocks(PAGE, "nginx")
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n"
        f"{block.text}}}\n",
        encoding="utf-8",
    )
    command = [program("nginx"), "-t", "-e", "stderr", "-c", f"{config}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def lines(log: Path, number: int) -> list[list[str]]:
    """Run a line for the log of the page; return the words of each line of its result."""
    found = [block.text for block in blocks(PAGE, "console") if " jq " in block.text]
    assert len(found) == 4
    command = (
        found[number]
        .removeprefix("# ")
        .replace("journalctl -u waypost --since today -o cat", f"cat '{log}'")
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, stdin=None
    )
    assert done.stderr == ""
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.servers
def test_lines_for_the_log(tmp_path: Path) -> None:
    """The lines for jq say what is not served, who fails, who asks most, and what is slow."""
    require(programs=["jq"])
    with waypost(tmp_path, _running(tmp_path)) as server:
        url = f"http://127.0.0.1:{server.port}"
        for domain in ("a.example", "b.example", "b.example", "example.com"):
            httpx.get(f"{url}{CONFIG}{domain}", headers={"User-Agent": "Thunderbird/128"})
        httpx.get(f"{url}/mail/config-v1.1.xml?emailaddress=x", headers={"User-Agent": "k-9"})
    log = server.log
    slow = {"event": "request", "ms": 700.5, "id": "x-1", "path": "/a", "directory_ms": 600.25}
    with log.open("a", encoding="utf-8") as file:
        file.write(f"not JSON\n{json.dumps(slow)}\n")
    assert lines(log, 0) == [["2", "b.example"], ["1", "a.example"]]
    failing = lines(log, 1)
    assert ["3", "thunderbird", "not_served"] in failing
    assert any(words[1] == "k-9" for words in failing)
    assert lines(log, 2)[0] == ["5", "127.0.0.1"]
    assert ["x-1", "/a", "700.5", "600.25"] in [words[-4:] for words in lines(log, 3)]
