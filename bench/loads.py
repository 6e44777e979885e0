"""Loads for `make bench`, and the programs that serve and measure them."""

import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 3
CONNECTIONS = 32
NGINX_PORT = 42432
BASE = "nginx, a file"
"""The load that all other loads are compared with."""


@dataclass(frozen=True)
class Load:
    """A URL to measure."""

    name: str
    url: str
    script: str = ""


def is_ready() -> bool:
    """Return whether the needed programs are installed; print which packages are missing."""
    missing = [program for program in ("wrk", "nginx") if shutil.which(program) is None]
    if missing:
        print(f"bench needs {' and '.join(missing)}: apt install {' '.join(missing)}")
    return not missing


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a folder that the user of nginx's workers can read; remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def measured(loads: Sequence[Load], rounds: int) -> dict[str, list[float]]:
    """Measure all loads in each round, so that a change of the machine's speed affects all."""
    rates: dict[str, list[float]] = {load.name: [] for load in loads}
    for _ in range(rounds):
        for load in loads:
            rates[load.name].append(wrk(load))
    return rates


def wrk(load: Load) -> float:
    """Return the requests per second that wrk measures."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    if load.script:
        command += ["-s", load.script]
    done = subprocess.run([*command, load.url], check=True, capture_output=True, text=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[1])


@contextmanager
def nginx(folder: Path, body: bytes) -> Iterator[None]:
    """Run nginx, which serves these bytes from a file."""
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
            wait(f"http://127.0.0.1:{NGINX_PORT}/answer.xml")
            yield
        finally:
            process.terminate()


def wait(url: str) -> None:
    """Wait until a server answers at this URL; raise OSError after 20 s."""
    deadline = time.monotonic() + 20
    while True:
        try:
            fetch(url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def fetch(url: str) -> bytes:
    """Return the body of the answer from this URL."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def print_table(rates: dict[str, list[float]]) -> None:
    """Print the median of each load, with its ratio to the median of nginx."""
    base = statistics.median(rates[BASE])
    print(f"{'':24} {'requests/s':>10} {'min':>8} {'max':>8} {'x nginx':>8}")
    for name, values in rates.items():
        median = statistics.median(values)
        ratio = median / base
        print(f"{name:24} {median:10.0f} {min(values):8.0f} {max(values):8.0f} {ratio:8.3f}")
