"""Loads for `make bench`: programs that are measured and the one that measures them."""

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
"""The load with which all others are compared."""


@dataclass(frozen=True)
class Load:
    """One thing to measure."""

    name: str
    url: str
    script: str = ""


def is_ready() -> bool:
    """Tell whether the programs that measure are there; print what to install where not."""
    missing = [program for program in ("wrk", "nginx") if shutil.which(program) is None]
    if missing:
        print(f"bench needs {' and '.join(missing)}: apt install {' '.join(missing)}")
    return not missing


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that nginx's workers, who are somebody else, may read; remove it after."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def measured(loads: Sequence[Load], rounds: int) -> dict[str, list[float]]:
    """Measure each load in each round, so that a change of the machine's speed hits all."""
    rates: dict[str, list[float]] = {load.name: [] for load in loads}
    for _ in range(rounds):
        for load in loads:
            rates[load.name].append(wrk(load))
    return rates


def wrk(load: Load) -> float:
    """Give the requests a second that wrk gets answered."""
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
    """Run nginx, which answers these octets from a file."""
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
    """Wait until something answers there; OSError after 20 s."""
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
    """Give the body of an answer."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def resident_mib(pid: int) -> float:
    """Give the memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def print_table(rates: dict[str, list[float]]) -> None:
    """Print the median of each load, with its ratio to that of nginx."""
    base = statistics.median(rates[BASE])
    print(f"{'':24} {'requests/s':>10} {'min':>8} {'max':>8} {'x nginx':>8}")
    for name, values in rates.items():
        median = statistics.median(values)
        ratio = median / base
        print(f"{name:24} {median:10.0f} {min(values):8.0f} {max(values):8.0f} {ratio:8.3f}")
