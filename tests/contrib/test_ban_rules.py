"""The samples for fail2ban and CrowdSec, with log lines of real answers.

Debian's package of CrowdSec registers at a service of its vendor when it is installed, so the
tests do not require it: only a machine that has it runs its test.
"""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests.contrib.files import CONTRIB, documents
from tests.servers.requirements import find_program, program, require
from tests.web.asgi import settings
from tests.web.public.test_answer_templates import get, in_memory
from tests.web.public.worker import Worker

FILTER: Final = CONTRIB / "fail2ban" / "filter.d" / "waypost.conf"
JAIL: Final = CONTRIB / "fail2ban" / "jail.d" / "waypost.conf"
PARSER: Final = CONTRIB / "crowdsec" / "parsers" / "s01-parse" / "waypost-logs.yaml"
SCENARIO: Final = CONTRIB / "crowdsec" / "scenarios" / "waypost-rate-limited.yaml"
FLOODING: Final = "203.0.113.5"
SCANNING: Final = "2001:db8::7"
INNOCENT: Final = "198.51.100.1"
BURST: Final = 30
REFUSED: Final = 650
FORGED: Final = f'"peer": "{INNOCENT}", "status": 429, "result": "rate_limited"'


@pytest.fixture(name="log", scope="module")
def _log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the log of a worker that refuses one client, and gets bad requests of others."""
    options = settings(rate_limit=0.001, rate_limit_burst=BURST, rate_limit_query_cost=0)
    with Worker(in_memory, options) as worker:
        for _ in range(BURST + REFUSED):
            worker.send(get("/mail/config-v1.1.xml?emailaddress=alice@example.com"), peer=FLOODING)
        worker.send(get("/mail/config-v1.1.xml?emailaddress=nonsense"), peer=SCANNING)
        worker.send(get("/mail/config-v1.1.xml?emailaddress=alice@example.com"), peer=INNOCENT)
        path = FORGED.replace(" ", "%20")
        agent = f"User-Agent: {FORGED}"
        for target in (f"/{path}", f"/mail/config-v1.1.xml?emailaddress={path}@example.com"):
            worker.send(get(target.replace('"', "%22"), agent, host=INNOCENT), peer="192.0.2.9")
        file = tmp_path_factory.mktemp("log") / "waypost.log"
        file.write_text(worker.log_text, encoding="utf-8")
    return file


def matched(log: Path, mode: str) -> list[str]:
    """Return the addresses that the filter finds in a log."""
    command = [program("fail2ban-regex"), "--out", "ip", f"{log}", f"{FILTER}[mode={mode}]"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.mark.servers
def test_fail2ban_filter(log: Path) -> None:
    """The filter finds each refused request of the flooding client, and nothing else."""
    require(programs=["fail2ban-regex"])
    assert matched(log, "normal") == [FLOODING] * REFUSED


@pytest.mark.servers
def test_fail2ban_aggressive(log: Path) -> None:
    """In its other mode the filter also finds bad requests, but never a forged address."""
    require(programs=["fail2ban-regex"])
    found = matched(log, "aggressive")
    assert found.count(FLOODING) == REFUSED
    assert SCANNING in found
    assert INNOCENT not in found


@pytest.mark.servers
def test_fail2ban_reads_the_time(log: Path) -> None:
    """The filter reads the time of a line, so old lines ban no client."""
    require(programs=["fail2ban-regex"])
    command = [program("fail2ban-regex"), f"{log}", f"{FILTER}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = len(log.read_text(encoding="utf-8").splitlines())
    assert re.search(rf"\[{lines}\] \"timestamp\"", done.stdout)


@pytest.mark.servers
def test_fail2ban_jail(tmp_path: Path) -> None:
    """fail2ban accepts the jail and the filter."""
    require(programs=["fail2ban-client"], files=[Path("/etc/fail2ban/jail.conf")])
    folder = tmp_path / "fail2ban"
    subprocess.run(["cp", "-r", "/etc/fail2ban", f"{folder}"], check=True)
    (folder / "filter.d" / FILTER.name).write_bytes(FILTER.read_bytes())
    for other in (folder / "jail.d").iterdir():
        other.unlink()
    (folder / "jail.d" / JAIL.name).write_bytes(JAIL.read_bytes())
    command = [program("fail2ban-client"), "-c", f"{folder}", "--test"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "OK: configuration test is successful" in done.stdout + done.stderr


def test_crowdsec_files_are_yaml() -> None:
    """The files for CrowdSec are YAML, with the fields that CrowdSec requires."""
    acquisition = CONTRIB / "crowdsec" / "acquis.d" / "waypost.yaml"
    (parser,), (scenario,), (source,) = map(documents, (PARSER, SCENARIO, acquisition))
    assert {"name", "filter", "onsuccess", "nodes"} <= parser.keys()
    assert {"type", "name", "filter", "groupby", "capacity", "leakspeed"} <= scenario.keys()
    assert source["labels"] == {"type": "waypost"}


class _Api(BaseHTTPRequestHandler):
    """The part of CrowdSec's local API that the program needs to start and to send alerts."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/v1/alerts"):
            self.server.alerts += json.loads(body)  # type: ignore[attr-defined]
            self._answer(["1"])
        else:
            self._answer({"code": 200, "token": "a", "expire": "2100-01-01T00:00:00Z"})

    def do_GET(self) -> None:
        self._answer([])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- of the base class
        """Write nothing."""

    def _answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", f"{len(data)}")
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def _api() -> Iterator[tuple[int, list[Any]]]:
    """Run the local API; yield its port, and the alerts that it gets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    alerts: list[Any] = []
    server.alerts = alerts  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port, alerts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


HUB: Final = Path("/usr/share/crowdsec/hub/parsers")
CONFIGURATION: Final = """\
common: {{daemonize: false, log_media: stdout, working_dir: .}}
config_paths: {{config_dir: {0}, data_dir: {0}/data, simulation_path: {0}/simulation.yaml,
  hub_dir: {0}/hub, index_path: {0}/hub/.index.json, notification_dir: {0}, plugin_dir: {0}}}
crowdsec_service: {{acquisition_dir: {0}/acquis.d, parser_routines: 1}}
db_config: {{type: sqlite, db_path: {0}/data/c.db, flush: {{max_items: 100, max_age: 7d}}}}
plugin_config: {{user: root, group: root}}
api: {{client: {{credentials_path: {0}/credentials.yaml}}, server: {{enable: false}}}}
prometheus: {{enabled: false}}
"""


if find_program("crowdsec") is not None:

    @pytest.mark.servers
    def test_crowdsec(log: Path, tmp_path: Path) -> None:
        """CrowdSec reads the log, and reports the flooding client only."""
        for folder in ("parsers", "scenarios", "hub", "data", "acquis.d"):
            (tmp_path / folder).mkdir()
        for stage, file in (("s00-raw", "syslog-logs"), ("s02-enrich", "dateparse-enrich")):
            (tmp_path / "parsers" / stage).mkdir()
            (source,) = HUB.rglob(f"{file}.yaml")
            (tmp_path / "parsers" / stage / source.name).write_bytes(source.read_bytes())
        (tmp_path / "parsers" / "s01-parse").mkdir()
        (tmp_path / "parsers" / "s01-parse" / PARSER.name).write_bytes(PARSER.read_bytes())
        (tmp_path / "scenarios" / SCENARIO.name).write_bytes(SCENARIO.read_bytes())
        (tmp_path / "patterns").symlink_to("/etc/crowdsec/patterns")
        (tmp_path / "simulation.yaml").write_text("simulation: false\n", encoding="utf-8")
        kinds = ("parsers", "scenarios", "collections", "postoverflows")
        index = json.dumps({kind: {} for kind in kinds})
        (tmp_path / "hub" / ".index.json").write_text(index, encoding="utf-8")
        (tmp_path / "config.yaml").write_text(CONFIGURATION.format(tmp_path), encoding="utf-8")
        with _api() as (port, alerts):
            credentials = f"url: http://127.0.0.1:{port}\nlogin: a\npassword: b\n"
            (tmp_path / "credentials.yaml").write_text(credentials, encoding="utf-8")
            command = [
                program("crowdsec"),
                "-c",
                f"{tmp_path}/config.yaml",
                "-no-api",
                "-type",
                "waypost",
            ]
            done = subprocess.run(
                [*command, "-dsn", f"file://{log}"], check=False, capture_output=True, text=True
            )
        assert {alert["source"]["value"] for alert in alerts} == {FLOODING}, (
            done.stdout + done.stderr
        )
        assert {alert["scenario"] for alert in alerts} == {"waypost/rate-limited"}
