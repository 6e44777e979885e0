"""Installs the peers into `build/bench/`: `make bench-peers`."""

import sys

from bench.peers.installed import install, versions


def main() -> int:
    """Install the peers and print their versions; return 1 if one could not be installed."""
    failed = install()
    for line in failed:
        print(line)
    if found := versions():
        print(f"Installed: {found}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
