"""`python -m waypost` is the same as `waypost`."""

import sys

from waypost.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
