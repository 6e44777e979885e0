"""Writes one domain after the other with `waypost domain set`, as an operator's script does.

`python -m tests.scale.writer URI` prints one line for each command: `ok DOMAIN` or
`failed DOMAIN: MESSAGE`. It ends at the end of its standard input.
"""

import io
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout

from waypost.cli.main import main


def write(uri: str) -> None:
    """Write domains until standard input ends."""
    end = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        end.set()

    threading.Thread(target=wait, daemon=True).start()
    number = 0
    while not end.wait(0.2):
        domain = f"w{number}.written.example"
        errors = io.StringIO()
        with redirect_stdout(io.StringIO()), redirect_stderr(errors):
            code = main(["domain", "set", domain, "--provider", "Scale", "--db-uri", uri])
        text = errors.getvalue().strip().rpartition("\n")[2]
        print(f"ok {domain}" if code == 0 else f"failed {domain}: {text}", flush=True)
        number += 1


if __name__ == "__main__":
    write(sys.argv[1])
