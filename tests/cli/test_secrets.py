"""One marked text in every place where a secret or an address can be, and a search for it."""

import json
import os
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import pytest

from tests.cli.serve.test_serve import Server, serving_by_exec
from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.waypost import free_port

MARK: Final = "Zq7Marked9Secret"
ADDRESS: Final = f"{MARK}@example.com"
ENCODED: Final = (
    ADDRESS,
    quote(ADDRESS, safe=""),
    quote(quote(ADDRESS, safe=""), safe=""),
    f"{MARK}%EF%BC%A0example.com",
    f"{MARK}%00@example.com",
)
CONFIG: Final = "/mail/config-v1.1.xml"
QUERY: Final = "select login from people where address = :address"
SERVICES: Final = """services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
PROVIDERS: Final = f"""
[[directory]]
name = "people"
kind = "ldap"
urls = ["ldap://127.0.0.1:1"]
security = "none"
search_base = "dc=example,dc=com"
bind_user = "cn=waypost,dc=example,dc=com"
bind_password = "{MARK}"
search_filter = "(mail={{0}})"
attr_uid = "uid"

[[directory]]
name = "shop"
kind = "sql"
uri = "postgresql+psycopg://waypost:{MARK}@127.0.0.1:1/mail"
query = "{QUERY}"

[[provider]]
name = "Example"
directory = "people"
domains = ["example.com"]
{SERVICES}
[[provider]]
name = "Shop"
directory = "shop"
domains = ["shop.example"]
{SERVICES}
"""
BODY: Final = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema'
    f'/2006"><Request><EMailAddress>{ADDRESS}</EMailAddress><Password>{MARK}</Password></Request>'
)


class Collector(HTTPServer):
    """A collector of traces that keeps the bytes it received."""

    received = b""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        self.server.received += self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Write nothing."""


@pytest.fixture(name="collector")
def _collector() -> Iterator[Collector]:
    with Collector(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send_all(server: Server) -> None:
    """Send the mark in each part of a request."""
    headers = {
        "Authorization": f"Basic {MARK}",
        "Cookie": f"session={MARK}",
        "Proxy-Authorization": f"Bearer {MARK}",
        "From": ADDRESS,
        "Referer": f"https://example.com/?emailaddress={ADDRESS}",
        "X-Request-ID": ADDRESS,
        "X-User": MARK,
        "X-Forwarded-For": ADDRESS,
        "X-Forwarded-Host": ADDRESS,
        "Forwarded": f'for="{ADDRESS}";host="{MARK}"',
        "traceparent": MARK,
        "User-Agent": f"Mozilla/5.0 ({ADDRESS})",
    }
    for address in ENCODED:
        for path in (
            f"{CONFIG}?emailaddress={address}",
            f"{CONFIG}?emailaddress={address.replace('example.com', 'shop.example')}",
            f"{CONFIG}?emailaddress={address.replace('example.com', 'unserved.example')}",
            f"/mobileconfig?emailaddress={address}&password={MARK}",
            f"/autodiscover/autodiscover.json/v1.0/{address}?Protocol=ActiveSync",
            f"/autodiscover/autodiscover.json?Email={address}&Protocol=AutodiscoverV1",
            f"/{address}/nothing",
            f"/?emailaddress={address}&token={MARK}",
            f"/initdb/{address}",
            f"/healthz?{address}",
            f"/readyz/{address}",
        ):
            ask(server, "GET", path, headers=headers)
    form = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("/autodiscover/autodiscover.xml", "/mobileconfig", "/initdb/"):
        ask(server, "POST", path, BODY, headers)
        ask(server, "POST", path, f"emailaddress={ADDRESS}&password={MARK}", headers | form)
    ask(server, "GET", CONFIG, headers=headers | {"Host": ADDRESS})
    ask(server, "GET", f"{CONFIG}?emailaddress={ADDRESS}", headers=headers | {"Host": MARK})


def ask(
    server: Server, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> None:
    """Send a request, and read the whole answer."""
    connection = HTTPConnection(server.place.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    connection.putrequest(method, path, skip_host="Host" in (headers or {}))
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    connection.getresponse().read()
    connection.close()


def process_list(pid: int) -> str:
    """Return the arguments and titles of a process and of all its children, as `ps` shows them."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                status = (folder / "status").read_text(encoding="utf-8")
                text = (folder / "cmdline").read_text(encoding="utf-8")
            except OSError:
                continue
            if int(folder.name) == pid or f"\nPPid:\t{pid}\n" in status:
                found.append(f"{status}{text}")
    assert len(found) >= 3, "the parent, a worker and the admin process"
    return "\n".join(found)


def command(home: Path, environ: dict[str, str], *arguments: str) -> str:
    """Run a command with the same settings, and return all that it writes."""
    done = run_waypost(*arguments, environment={**os.environ, **environ}, folder=home)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_no_secret_and_no_address_is_written(home: Path, collector: Collector) -> None:
    """Log, metrics, traces, errors, `config show` and the process list have neither of them."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    (home / "waypost.toml").write_text(
        f"""log_key = "{MARK}{MARK}"
db_uri = "postgresql+psycopg2://u:{MARK}@127.0.0.1:1/x"
db_read_uri = "postgresql+psycopg2://u:{MARK}@127.0.0.1:1/y"
public_url = "https://waypost.example"
link_key = "{MARK * 3} {MARK * 4}"
app_password_hook = "http://127.0.0.1:1/"
app_password_hook_key = "{MARK * 3}"
sign_in_oidc_issuer = "http://127.0.0.1:1"
sign_in_oidc_client_id = "waypost"
sign_in_oidc_client_secret = "{MARK}"
oidc_issuer = "http://127.0.0.1:1"
oidc_client_id = "waypost"
oidc_client_secret = "{MARK}"
oidc_roles = {{ staff = "write" }}
""",
        encoding="utf-8",
    )
    admin = free_port()
    environ = {
        "WAYPOST_CONFIG": f"{home / 'waypost.toml'}",
        "WAYPOST_PROVIDERS": f"{home / 'mail.toml'}",
        "WAYPOST_ADMIN_PORT": f"{admin}",
        "WAYPOST_WORKERS": "2",
        "WAYPOST_LOGLEVEL": "debug",
        "WAYPOST_PROXY_COUNT": "1",
        "WAYPOST_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
        "WAYPOST_TRACE_ENDPOINT": f"http://127.0.0.1:{collector.server_address[1]}/v1/traces",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {MARK}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with serving_by_exec(home, **environ) as server:
        send_all(server)
        for path in ("/readyz", f"/tls/ask?domain={ADDRESS}", f"/tls/ask?domain={MARK}@x.example"):
            httpx.get(f"http://127.0.0.1:{admin}{path}", headers={"Authorization": MARK})
        written = {
            "metrics": httpx.get(f"http://{environ['WAYPOST_METRICS_LISTEN']}/metrics").text,
            "metrics of the admin process": httpx.get(f"http://127.0.0.1:{admin}/metrics").text,
            "report": httpx.get(f"http://127.0.0.1:{admin}/readyz").text,
            "processes": process_list(server.pid),
        }
        wait_for_log(server.log, '"event": "request"')
        end = time.monotonic() + PATIENCE_SECONDS
        while not collector.received and time.monotonic() < end:
            time.sleep(0.1)
    written["log"] = server.log.read_text(encoding="utf-8")
    written["traces"] = collector.received.decode("utf-8", "replace")
    without_file = {name: text for name, text in environ.items() if name != "WAYPOST_PROVIDERS"}
    for name, arguments in {
        "config show": ("config", "show"),
        "config show --json": ("config", "show", "--json"),
        "directory list": ("directory", "list"),
        "directory test": ("directory", "test", "alice@example.com"),
        "domain list": ("domain", "list"),
    }.items():
        written[name] = command(home, environ, *arguments)
    for name, arguments in {
        "db status": ("db", "status"),
        "apply": ("apply", "mail.toml"),
        "domain list of the database": ("domain", "list"),
    }.items():
        written[name] = command(home, without_file, *arguments)
    # Each of them has written something, so that there was a place for a secret.
    assert all(len(text) > 20 for text in written.values()), written
    assert '"directory failed"' in written["log"]
    assert "waypost_directory_up" in written["metrics"]
    assert json.loads(written["report"])["status"] == "degraded"
    found = {
        name: [line for line in text.splitlines() if MARK.lower() in line.lower()][:2]
        for name, text in written.items()
    }
    assert {name: lines for name, lines in found.items() if lines} == {}
