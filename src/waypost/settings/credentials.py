"""Read options from the credentials of the service manager: systemd.exec(5), `LoadCredential=`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from waypost.runtime.regular_file import read_regular_file, reason_of
from waypost.settings.option import Option
from waypost.settings.sources import RawValue, Source, SourceContent, SourceKind, value_of_text

MAX_BYTES: Final = 64 * 1024
"""A longer text is not the value of an option."""
_SOCKET: Final = "unix_socket"  # a path, but not the path of a file with content


def from_credentials(table: Iterable[Option], environ: Mapping[str, str]) -> SourceContent:
    """Read the files in `$CREDENTIALS_DIRECTORY` that have the name of an option.

    An option that names a file gets the path of the credential, such as `profile_key`; each other
    option gets its content, such as `db_uri`. Other credentials are left alone: a directory in the
    providers file may read them. An empty credential counts as not set, as an empty variable does.
    """
    content = SourceContent()
    folder = Path(environ.get("CREDENTIALS_DIRECTORY", ""))
    if not folder.is_absolute():
        return content
    for option in table:
        path = folder / option.name
        try:
            if not path.exists():
                continue
            source = Source(SourceKind.CREDENTIAL, f"{path}")
            if option.kind is Path and option.name != _SOCKET:
                content.values[option.name] = RawValue(f"{path}", source, folder)
                continue
            data = read_regular_file(path, MAX_BYTES)
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            content.problems.append(f"{path}: not UTF-8: byte {error.start} is wrong")
            continue
        except OSError as error:
            content.problems.append(f"{path}: cannot be read: {reason_of(error)}")
            continue
        if len(data) > MAX_BYTES:
            limit = f"{MAX_BYTES // 1024} KiB"
            content.problems.append(f"{path}: is larger than {limit}, too large for an option")
        elif text.strip():
            content.values[option.name] = RawValue(value_of_text(option, text), source, folder)
    return content
