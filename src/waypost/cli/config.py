"""`waypost config`: the options and their current values."""

import typer

from waypost.cli.options import JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    align_columns,
    print_json,
    print_line,
    print_stderr,
    print_warnings,
    write_document,
)
from waypost.settings import load_from_process, rows
from waypost.settings import sample as sample_text


def sample() -> None:
    """Print a settings file that explains every option."""
    write_document(sample_text())


def show(as_json: JsonFlag = False) -> None:
    """Print the current settings and their sources.

    Secrets are masked.
    """
    loaded = load_from_process({})
    print_warnings(loaded.warnings)
    if as_json:
        options = {row.name: {"value": row.value, "source": row.source} for row in rows(loaded)}
        file = None if loaded.file is None else str(loaded.file)
        print_json({"file": file, "options": options})
        return
    for line in align_columns([(row.name, row.value, row.source) for row in rows(loaded)]):
        print_line(line)


def path() -> None:
    """Print the path of the settings file.

    Exit code 1 if there is no settings file.
    """
    loaded = load_from_process({})
    if loaded.file is None:
        print_stderr("there is no settings file")
        raise typer.Exit(EXIT_FINDINGS)
    print_line(str(loaded.file))
