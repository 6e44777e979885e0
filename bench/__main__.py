"""How many requests a second one process answers, beside nginx with a file of the same bytes.

Rounds are interleaved, so that a machine that changes its speed does so for all of them; the
median of each is printed with its ratio to nginx. Everything listens on loopback, and everything
that was started is stopped.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 3
SECONDS = 3
CONNECTIONS = 32
WAYPOST_PORT = 42431
NGINX_PORT = 42432
CONFIG = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
OUTLOOK = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress>'
    "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)


@dataclass(frozen=True)
class Load:
    """One thing to measure."""

    name: str
    url: str
    script: str = ""


def main() -> int:
    """Measure and print the table; 2 where a program is missing."""
    missing = [program for program in ("wrk", "nginx") if shutil.which(program) is None]
    if missing:
        print(f"bench needs {' and '.join(missing)}: apt install {' '.join(missing)}")
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-bench-")))
        folder.chmod(0o755)
        waypost = stack.enter_context(_waypost(folder))
        body = _fetch(f"http://127.0.0.1:{WAYPOST_PORT}{CONFIG}")
        stack.enter_context(_nginx(folder, body))
        loads = _loads(folder)
        rates: dict[str, list[float]] = {load.name: [] for load in loads}
        for _ in range(ROUNDS):
            for load in loads:
                rates[load.name].append(_wrk(load))
        _print(rates, _resident_mib(waypost.pid))
    return 0


def _loads(folder: Path) -> list[Load]:
    post = folder / "post.lua"
    post.write_text(f"wrk.method = 'POST'\nwrk.body = [[{OUTLOOK}]]\n", encoding="utf-8")
    base = f"http://127.0.0.1:{WAYPOST_PORT}"
    return [
        Load("nginx, a file", f"http://127.0.0.1:{NGINX_PORT}/answer.xml"),
        Load("autoconfig", f"{base}{CONFIG}"),
        Load("autoconfig, not served", f"{base}{CONFIG.replace('example.com', 'example.invalid')}"),
        Load("autodiscover", f"{base}/autodiscover/autodiscover.xml", str(post)),
        Load("mobileconfig", f"{base}/mobileconfig?emailaddress=alice@example.com"),
    ]


def _wrk(load: Load) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    if load.script:
        command += ["-s", load.script]
    done = subprocess.run([*command, load.url], check=True, capture_output=True, text=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[1])


def _print(rates: dict[str, list[float]], resident_mib: float) -> None:
    base = statistics.median(rates["nginx, a file"])
    print(f"{'':24} {'requests/s':>10} {'min':>8} {'max':>8} {'x nginx':>8}")
    for name, values in rates.items():
        median = statistics.median(values)
        ratio = median / base
        print(f"{name:24} {median:10.0f} {min(values):8.0f} {max(values):8.0f} {ratio:8.3f}")
    print(f"memory of the process: {resident_mib:.0f} MiB resident")


@contextmanager
def _waypost(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = (folder / "waypost.log").open("wb")
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--port", str(WAYPOST_PORT)]
    command += ["--admin-port", "0", "--loglevel", "warning"]
    with log, subprocess.Popen(command, stderr=log) as process:
        try:
            _wait(f"http://127.0.0.1:{WAYPOST_PORT}/")
            yield process
        finally:
            process.terminate()


@contextmanager
def _nginx(folder: Path, body: bytes) -> Iterator[None]:
    (folder / "www").mkdir()
    (folder / "www" / "answer.xml").write_bytes(body)
    config = folder / "nginx.conf"
    config.write_text(
        f"pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; daemon off;"
        "events {} http { access_log off;"
        f" server {{ listen 127.0.0.1:{NGINX_PORT}; root {folder}/www; }} }}",
        encoding="utf-8",
    )
    with subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)]) as process:
        try:
            _wait(f"http://127.0.0.1:{NGINX_PORT}/answer.xml")
            yield
        finally:
            process.terminate()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            _fetch(url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
