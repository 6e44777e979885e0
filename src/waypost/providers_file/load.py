"""Read and write the providers file: one text, in TOML or JSON, with all that a store contains.

`read_providers` and `write_providers` are inverse functions; docs/providers.md is the reference
for operators.
"""

from pathlib import Path

from waypost.providers_file.catalog import read_catalog
from waypost.providers_file.document import (
    FileFormat,
    decode,
    guess_format,
    parse,
    read_watched_file,
    table_lines,
)
from waypost.providers_file.validation import Mistakes, ReadResult
from waypost.providers_file.write import providers_text, write_providers

__all__ = [
    "FileFormat",
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
    format: FileFormat,  # noqa: A002 -- its name
    folder: Path | None = None,
) -> ReadResult:
    """Read a providers file.

    Args:
        text: the whole file.
        name: the name of the file in messages, usually its path.
        format: the format of the text.
        folder: paths of other files are relative to it; None if other files cannot be used.

    Raises:
        ProvidersError: all mistakes at once, each `NAME: path: rule`.
    """
    data = parse(text, name, format)
    report = Mistakes(name, table_lines(text, data) if format == "toml" else None)
    return report.result(read_catalog(report, data, folder))


def read_providers_path(path: Path) -> ReadResult:
    """Read a providers file from disk, as JSON if its name ends in `.json`.

    The domains of a `domains_file` are checked, but not stored: each iteration over `domains` of
    the catalog reads them again.

    Raises:
        ProvidersUnreadable: the operating system refuses to read the file, or a file that it names.
        ProvidersError: the file is not UTF-8, or has mistakes; all mistakes at once.
    """
    text = decode(read_watched_file(path), str(path))
    file_format = guess_format(path, text)
    return read_providers(text, name=str(path), format=file_format, folder=path.parent)
