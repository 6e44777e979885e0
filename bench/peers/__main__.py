"""Installs Waypost and the peers into `build/bench/`: `make bench-peers`."""

import sys

from bench.peers.installed import install, versions


def main() -> int:
    """Install all programs and print the versions of the peers; return 1 if one failed."""
    failed = install()
    for line in failed:
        print(line)
    if found := versions():
        print(f"Installed: {found}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
