"""`waypost version`."""

import platform

from waypost import __version__
from waypost.cli.options import JsonFlag
from waypost.cli.output import say, say_json


def version(as_json: JsonFlag = False) -> None:
    """Print the version."""
    if as_json:
        say_json({"version": __version__, "python": platform.python_version()})
    else:
        say(f"waypost {__version__}")
