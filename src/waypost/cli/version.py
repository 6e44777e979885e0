"""`waypost version`."""

import platform

from waypost import __version__
from waypost.cli.options import JsonFlag
from waypost.cli.output import print_json, print_line


def version(as_json: JsonFlag = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        print_line(f"waypost {__version__}")
