"""`waypost schema`: the JSON Schema of providers files."""

from typing import Annotated

import typer

from waypost.cli.output import print_json
from waypost.providers_file.models.file import json_schema


def schema(
    providers: Annotated[bool, typer.Option("--providers", hidden=True)] = True,
) -> None:
    """Print the JSON Schema of providers files.

    Editors use it to check a file while the user types.
    """
    del providers  # `waypost config schema --providers` is the old spelling of this command.
    print_json(json_schema())
