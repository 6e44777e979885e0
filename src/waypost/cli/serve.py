"""`waypost serve`: the command and its flags, one for each option of the settings."""

import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import typer

from waypost.settings import Option, options
from waypost.web.server_process import importing_server

_METAVARS: Final = {
    int: "NUMBER",
    float: "NUMBER",
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
    flag = option.flag
    metavar = option.info.unit.upper() or _METAVARS.get(option.kind, "TEXT")
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
