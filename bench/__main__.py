"""Requests per second of one Waypost process, compared with nginx and a file of the same bytes.

The rounds of all loads are interleaved, so that a change of the machine's speed affects all loads.
The median of each load is printed with its ratio to nginx. All servers listen on loopback
addresses, and are stopped at the end.
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

ROUNDS = 3
WAYPOST_PORT = 42431
CONFIG = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
OUTLOOK = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress>'
    "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)


def main() -> int:
    """Measure and print the table; return 2 if a program is missing."""
    if not is_ready():
        return 2
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        waypost = stack.enter_context(_waypost(folder))
        body = fetch(f"http://127.0.0.1:{WAYPOST_PORT}{CONFIG}")
        stack.enter_context(nginx(folder, body))
        rates = measured(_loads(folder), ROUNDS)
        print_table(rates)
        print(f"memory of the process: {resident_mib(waypost.pid):.0f} MiB resident")
    return 0


def _loads(folder: Path) -> list[Load]:
    post = folder / "post.lua"
    post.write_text(f"wrk.method = 'POST'\nwrk.body = [[{OUTLOOK}]]\n", encoding="utf-8")
    base = f"http://127.0.0.1:{WAYPOST_PORT}"
    return [
        Load(BASE, f"http://127.0.0.1:{NGINX_PORT}/answer.xml"),
        Load("autoconfig", f"{base}{CONFIG}"),
        Load("autoconfig, not served", f"{base}{CONFIG.replace('example.com', 'example.invalid')}"),
        Load("autodiscover", f"{base}/autodiscover/autodiscover.xml", str(post)),
        Load("mobileconfig", f"{base}/mobileconfig?emailaddress=alice@example.com"),
    ]


@contextmanager
def _waypost(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = (folder / "waypost.log").open("wb")
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--port", str(WAYPOST_PORT)]
    command += ["--admin-port", "0", "--loglevel", "warning"]
    with log, subprocess.Popen(command, stderr=log) as process:
        try:
            wait(f"http://127.0.0.1:{WAYPOST_PORT}/")
            yield process
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
