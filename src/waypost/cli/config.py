"""`waypost config`: what can be set, and what is set."""

from typing import Annotated, Final

import typer

from waypost.cli.reporting import (
    FINDINGS,
    aligned,
    group,
    note,
    say,
    say_json,
    warn,
    write_document,
)
from waypost.cli.sources import JsonFlag
from waypost.errors import ProvidersError

_SCHEMA_EXAMPLE: Final = "Example: waypost config schema --providers > providers.schema.json"


def build() -> typer.Typer:
    """Put the commands together."""
    app = group("Show the settings: a sample file, what is in force, which file is read.")
    app.command("sample", epilog="Example: waypost config sample > waypost.toml")(sample)
    app.command("show", epilog="Example: waypost config show --json")(show)
    app.command("path", epilog="Example: waypost config path")(path)
    app.command("schema", epilog=_SCHEMA_EXAMPLE)(schema)
    return app


def schema(
    providers: Annotated[
        bool, typer.Option("--providers", help="The schema of providers files.")
    ] = False,
) -> None:
    """Print the JSON Schema of a kind of file, for editors that check while one types."""
    from waypost.transfer.providers_json_schema import json_schema  # noqa: PLC0415 -- quick start

    if not providers:
        raise ProvidersError(["say of which files: --providers"])
    say_json(json_schema())


def sample() -> None:
    """Print a settings file with every option, explained."""
    from waypost.settings import sample as sample_text  # noqa: PLC0415 -- quick start

    write_document(sample_text())


def show(as_json: JsonFlag = False) -> None:
    """Print what is in force, and where each value came from; secrets are masked."""
    from waypost.settings import load_from_process, rows  # noqa: PLC0415 -- quick start

    loaded = load_from_process({})
    warn(loaded.warnings)
    if as_json:
        found = {row.name: {"value": row.value, "source": row.source} for row in rows(loaded)}
        file = None if loaded.file is None else str(loaded.file)
        say_json({"file": file, "options": found})
        return
    for line in aligned([(row.name, row.value, row.source) for row in rows(loaded)]):
        say(line)


def path() -> None:
    """Print the settings file that is read; exit code 1 where there is none."""
    from waypost.settings import load_from_process  # noqa: PLC0415 -- quick start

    loaded = load_from_process({})
    if loaded.file is None:
        note("no settings file is read")
        raise typer.Exit(FINDINGS)
    say(str(loaded.file))
