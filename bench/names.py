"""How many questions a second the operators' listener answers, as Caddy asks them.

10,000 domains are served from a providers file. Half of the questions are about names that get a
certificate, the others about names that get none. Beside it nginx answers with a file of the same
bytes, in rounds, so that a machine that changes its speed does so for both.

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
# Every second name is that of no served domain; a large step visits all of them.
_SCRIPT = """
local number = 0
request = function()
    number = (number + 7919) % {domains}
    local kind = number % 2 == 0 and "customer" or "stranger"
    return wrk.format("GET", "/tls/ask?domain=autoconfig." .. kind .. number .. ".example")
end
"""


def main() -> int:
    """Measure and print the table; 2 where a program is missing."""
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
        print(f"memory of the operators' process: {resident_mib(pid):.0f} MiB resident")
    return 0


@contextmanager
def _waypost(folder: Path) -> Iterator[int]:
    """Run Waypost; give the process that answers operators."""
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
            yield _beside(process.pid)
        finally:
            process.terminate()


def _beside(parent: int) -> int:
    """Give the child that holds the most memory: the other one keeps track of resources."""
    threads = Path(f"/proc/{parent}/task").iterdir()
    listed = " ".join((one / "children").read_text(encoding="ascii") for one in threads)
    return max((int(pid) for pid in listed.split()), key=resident_mib)


if __name__ == "__main__":
    sys.exit(main())
