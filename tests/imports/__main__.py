"""Print what a worker imports, or record it: `python -m tests.imports --write`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.imports import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables of both servers, and record them with `--write`."""
    options = argparse.ArgumentParser(prog="python -m tests.imports", description=__doc__)
    options.add_argument("--write", action="store_true", help="record the tables")
    given = options.parse_args(arguments)
    tables = {}
    for server in (table.DEMO, table.SQLITE):
        with TemporaryDirectory(prefix="imports-of-waypost-") as folder:
            tables[server] = table.measure(server, Path(folder))
        sys.stdout.write(f"{table.text(server, tables[server])}\n")
    if given.write:
        table.write(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
