"""Requests per second of the admin listener, for the requests that Caddy sends.

10,000 domains are served from a providers file. Half of the requests are for names that get a
certificate, the others for names that get none. nginx serves a file of the same bytes for
comparison, in interleaved rounds, so that a change of the machine's speed affects both.

    python -m bench.names
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.loads import (
    BASE,
    NGINX_PORT,
    Load,
    fetch,
    is_ready,
    measured,
    nginx,
    open_folder,
    print_table,
    resident_mib,
    wait,
)

ROUNDS = 5
DOMAINS = 10_000
PORT = 42434
ADMIN_PORT = 42433
ASK = f"http://127.0.0.1:{ADMIN_PORT}/tls/ask"

_PROVIDERS = """
[[provider]]
name = "Example Inc."
domains_file = "domains.txt"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
# Every second name belongs to no served domain. The large step reaches all names.
_SCRIPT = """
local number = 0
request = function()
    number = (number + 7919) % {domains}
    local kind = number % 2 == 0 and "customer" or "stranger"
    return wrk.format("GET", "/tls/ask?domain=autoconfig." .. kind .. number .. ".example")
end
"""


def main() -> int:
    """Measure and print the table; return 2 if a program is missing."""
    if not is_ready():
        return 2
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        pid = stack.enter_context(_waypost(folder))
        stack.enter_context(nginx(folder, fetch(f"{ASK}?domain=autoconfig.customer0.example")))
        script = folder / "ask.lua"
        script.write_text(_SCRIPT.replace("{domains}", f"{DOMAINS}"), encoding="utf-8")
        loads = [
            Load(BASE, f"http://127.0.0.1:{NGINX_PORT}/answer.xml"),
            Load("/tls/ask", ASK, f"{script}"),
        ]
        rates = measured(loads, ROUNDS)
        print(f"{DOMAINS:,} domains")
        print_table(rates)
        print(f"memory of the admin process: {resident_mib(pid):.0f} MiB resident")
    return 0


@contextmanager
def _waypost(folder: Path) -> Iterator[int]:
    """Run Waypost, and yield the id of its admin process."""
    providers = folder / "mail.toml"
    providers.write_text(_PROVIDERS, encoding="utf-8")
    names = "".join(f"customer{number}.example\n" for number in range(DOMAINS))
    (folder / "domains.txt").write_text(names, encoding="utf-8")
    log = (folder / "waypost.log").open("wb")
    command = [sys.executable, "-m", "waypost", "serve", "--providers", f"{providers}"]
    command += ["--port", f"{PORT}", "--admin-port", f"{ADMIN_PORT}", "--loglevel", "warning"]
    with log, subprocess.Popen(command, stderr=log) as process:
        try:
            wait(f"{ASK}?domain=autoconfig.customer0.example")
            yield _admin_process(process.pid)
        finally:
            process.terminate()


def _admin_process(parent: int) -> int:
    """Return the child with the most memory; the other child is the resource tracker."""
    threads = Path(f"/proc/{parent}/task").iterdir()
    listed = " ".join((one / "children").read_text(encoding="ascii") for one in threads)
    return max((int(pid) for pid in listed.split()), key=resident_mib)


if __name__ == "__main__":
    sys.exit(main())
