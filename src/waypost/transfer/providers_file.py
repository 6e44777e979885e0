"""The providers file: one text, in TOML or JSON, with all that a store keeps.

`read_providers` and `write_providers` are each other's inverse; docs/providers.md is the
reference for people.
"""

from pathlib import Path

from waypost.transfer.document import (
    Format,
    decode,
    guess_format,
    parse,
    read_followed,
    table_lines,
)
from waypost.transfer.providers_schema import read_top
from waypost.transfer.providers_writer import providers_text, write_providers
from waypost.transfer.tables import ReadResult, Report

__all__ = [
    "Format",
    "ReadResult",
    "providers_text",
    "read_providers",
    "read_providers_path",
    "write_providers",
]


def read_providers(
    text: str,
    *,
    name: str,
    format: Format,  # noqa: A002 -- its name
    folder: Path | None = None,
) -> ReadResult:
    """Read a providers file.

    Args:
        text: the whole file.
        name: what messages call it, usually its path.
        format: what the text is written in.
        folder: what names of other files are relative to; None where they cannot be used.

    Raises:
        ProvidersError: all mistakes at once, each `NAME: path: rule`.
    """
    data = parse(text, name, format)
    report = Report(name, table_lines(text, data) if format == "toml" else None)
    return report.result(read_top(report, data, folder))


def read_providers_path(path: Path) -> ReadResult:
    """Read a providers file from a disk, as JSON where its name ends in `.json`.

    The domains of a `domains_file` are checked, but not kept: going through `domains` of the
    catalog reads them again.

    Raises:
        ProvidersUnreadable: the system does not let it, or a file that it names, be read.
        ProvidersError: it is not UTF-8, or has mistakes; all of them at once.
    """
    text = decode(read_followed(path), str(path))
    form = guess_format(path, text)
    return read_providers(text, name=str(path), format=form, folder=path.parent)
