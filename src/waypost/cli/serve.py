"""`waypost serve`: the command and its flags, one for each option of the settings."""

import gc
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import typer

from waypost.settings import Option, options

_RICH: Final = "rich"
_METAVARS: Final = {
    int: "NUMBER",
    float: "SECONDS",
    Path: "FILE",
    list: "TEXT",
    dict: "JSON",
    date: "DATE",
}


def command() -> Callable[..., None]:
    """Return the command, with one flag for each option of the settings."""

    def serve(**flags: object) -> None:
        """Start the server for mail clients. A file can also set each of these options."""
        with importing_server():
            from waypost.cli.start_server import start_server  # noqa: PLC0415 -- loads the server

        start_server(flags)

    parameters = [_parameter(option) for option in options()]
    serve.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    serve.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return serve


def _parameter(option: Option) -> inspect.Parameter:
    """Return the flag for an option; its default is None, so that other sources can set it."""
    flag, metavar = option.flag, _METAVARS.get(option.kind, "TEXT")
    if option.kind is bool:
        flag = f"{flag}/--no-{flag[2:]}"
    if option.choices:
        metavar = "|".join(option.choices)
    # For types that the command line does not have, the flag is a text that the settings parse.
    kind = str if option.kind in {dict, date} else option.kind
    annotation: object = list[str] | None if kind is list else kind | None
    info = typer.Option(
        None,
        flag,
        help=option.info.help,
        metavar=None if option.kind is bool else metavar,
        show_default=False,
        rich_help_panel=option.info.section,
    )
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=info, annotation=annotation
    )


@contextmanager
def importing_server() -> Iterator[None]:
    """Make the imports inside `with` need less time and memory.

    * Modules stay until the process ends, so the garbage collector would search them for nothing,
      many times: it is paused, and ignores them afterwards.
    * structlog imports Rich for tracebacks in colors if it is installed, as for the command line.
      A server does not use them, and Rich and Pygments take 3 MB: structlog does not find Rich.
    """
    hides_rich = _RICH not in sys.modules and "structlog" not in sys.modules
    was_enabled = gc.isenabled()
    if hides_rich:
        # Python then raises ModuleNotFoundError (language reference, 5.3.1).
        sys.modules[_RICH] = None  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
        if hides_rich:
            del sys.modules[_RICH]
