"""`python -m waypost.settings` prints the reference page of all options."""

import sys

from waypost.settings.pages import reference

if __name__ == "__main__":
    sys.stdout.write(reference())
