"""The pinned PACC documents of a providers file, in a file in the same folder.

The operator writes the providers file, and no command changes it; pinned documents are state.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, ProvidersError, ProvidersUnreadable
from waypost.providers_file.document import decode, parse
from waypost.runtime.regular_file import read_regular_file, reason_of

SUFFIX: Final = ".pacc.json"
MAX_BYTES: Final = 16 * 1024 * 1024
_KEY: Final = "pinned"
_FIX: Final = "correct it, or remove it to pin nothing"


def pinned_path(providers: Path) -> Path:
    """Return the path of the pinned documents of a providers file."""
    return providers.with_name(providers.name + SUFFIX)


def read_pinned(providers: Path) -> dict[str, bytes]:
    """Read the pinned documents of a providers file, by domain (A-labels).

    A domain that the providers file does not have does no harm: Waypost does not serve it.

    Raises:
        ProvidersUnreadable: the operating system refuses to read the file of pinned documents.
        ProvidersError: the file does not have the form that Waypost writes.
    """
    path = pinned_path(providers)
    try:
        raw = read_regular_file(path, MAX_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ProvidersUnreadable([f"{path}: cannot be read: {reason_of(error)}"]) from error
    if len(raw) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise ProvidersError([f"{path}: is larger than {limit} MiB; {_FIX}"])
    return _pinned(path, parse(decode(raw, str(path)), str(path), "json"))


def _pinned(path: Path, data: Mapping[str, object]) -> dict[str, bytes]:
    documents = data.get(_KEY)
    if set(data) != {_KEY} or not isinstance(documents, dict):
        rule = f'must be {{"{_KEY}": {{DOMAIN: DOCUMENT, ...}}}}'
        raise ProvidersError([f"{path}: {rule}; {_FIX}"])
    pinned: dict[str, bytes] = {}
    problems: list[str] = []
    for name, document in documents.items():
        location = f"{path}: {_KEY}.{name[:100]!r}"
        try:
            domain = DomainName.parse(name).ascii
        except DomainError as error:
            problems.append(f"{location}: is not a domain: {error}; {_FIX}")
            continue
        if domain in pinned:
            problems.append(f"{location}: appears twice, in different spellings; {_FIX}")
        if not isinstance(document, str) or not document:
            problems.append(f"{location}: must be a string; {_FIX}")
            continue
        try:
            pinned[domain] = document.encode()
        except UnicodeEncodeError:
            problems.append(f"{location}: contains half a character (a surrogate); {_FIX}")
    if problems:
        raise ProvidersError(problems)
    return pinned


class PinnedFile:
    """A file of pinned documents; a lock lets only one process change it at a time.

    See `store.PinnedDocuments`.
    """

    def __init__(self, providers: Path) -> None:
        """Create access to the pinned documents of a providers file."""
        self._providers = providers
        self._path = pinned_path(providers)

    def all(self) -> dict[str, bytes]:
        """Return the pinned documents, by domain (A-labels).

        Raises:
            ProvidersError: the file cannot be read, or does not have the form that Waypost writes.
        """
        return read_pinned(self._providers)

    def pin(self, domain: DomainName, document: bytes) -> bytes:
        """Pin a document unless one is pinned already; return the document that is now pinned.

        Raises:
            ProvidersError: the file cannot be read or written; nothing was changed.
        """
        with self._locked():
            pinned = self.all()
            if domain.ascii not in pinned:
                self._write(pinned | {domain.ascii: document})
            return pinned.get(domain.ascii, document)

    def unpin(self, domain: DomainName, document: bytes) -> bool:
        """Unpin a document; return False if the document is not pinned.

        Raises:
            ProvidersError: the file cannot be read or written; nothing was changed.
        """
        with self._locked():
            pinned = self.all()
            if pinned.get(domain.ascii) != document:
                return False
            del pinned[domain.ascii]
            self._write(pinned)
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder, because each change replaces the file."""
        with self._write_errors():
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._write_errors():
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, pinned: Mapping[str, bytes]) -> None:
        """Replace the file by a new one; the old file stays complete until then."""
        documents = {name: document.decode() for name, document in sorted(pinned.items())}
        text = json.dumps({_KEY: documents}, ensure_ascii=False, indent=2) + "\n"
        if len(text.encode()) > MAX_BYTES:
            rule = "would become too large; unpin documents of other domains first"
            raise ProvidersError([f"{self._path}: {rule}"])
        with self._write_errors():
            if not pinned:
                self._path.unlink()
                return
            number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                self._allow(name)
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise

    def _allow(self, name: str) -> None:
        """Copy the owner and the mode of the providers file, so that the same users can read it."""
        shutil.copymode(self._providers, name)
        owner = self._providers.stat()
        with suppress(PermissionError):
            os.chown(name, owner.st_uid, owner.st_gid)

    @contextmanager
    def _write_errors(self) -> Iterator[None]:
        """Raise ProvidersError in place of OSError."""
        try:
            yield
        except OSError as error:
            raise ProvidersError([f"{self._path}: cannot be written: {error.strerror}"]) from error
