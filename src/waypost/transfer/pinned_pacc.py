"""The PACC documents that are pinned for domains of a providers file, in a file beside it.

The providers file is the operator's, and no command writes to it; what is pinned is a state.
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

from waypost.address import DomainName
from waypost.errors import DomainError, ProvidersError, ProvidersUnreadable
from waypost.regular_file import read_regular_file, reason_of
from waypost.transfer.document import decode, parse

SUFFIX: Final = ".pacc.json"
MAX_BYTES: Final = 16 * 1024 * 1024
_KEY: Final = "pinned"
_CURE: Final = "correct it, or remove it to pin nothing"


def pinned_path(providers: Path) -> Path:
    """Return where the documents are that belong to a providers file."""
    return providers.with_name(providers.name + SUFFIX)


def read_pinned(providers: Path) -> dict[str, bytes]:
    """Read what is pinned for the domains of a providers file, by domain (A-labels).

    A domain that the providers file does not have does no harm: nothing is served for it.

    Raises:
        ProvidersUnreadable: the system does not let the file beside it be read.
        ProvidersError: it is not as it was written.
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
        raise ProvidersError([f"{path}: is larger than {limit} MiB; {_CURE}"])
    return _pinned(path, parse(decode(raw, str(path)), str(path), "json"))


def _pinned(path: Path, data: Mapping[str, object]) -> dict[str, bytes]:
    documents = data.get(_KEY)
    if set(data) != {_KEY} or not isinstance(documents, dict):
        rule = f'must be {{"{_KEY}": {{DOMAIN: DOCUMENT, ...}}}}'
        raise ProvidersError([f"{path}: {rule}; {_CURE}"])
    found: dict[str, bytes] = {}
    problems: list[str] = []
    for name, document in documents.items():
        place = f"{path}: {_KEY}.{name[:100]!r}"
        try:
            domain = DomainName.parse(name).ascii
        except DomainError as error:
            problems.append(f"{place}: is not a domain: {error}; {_CURE}")
            continue
        if domain in found:
            problems.append(f"{place}: stands there twice, in other letters; {_CURE}")
        if not isinstance(document, str) or not document:
            problems.append(f"{place}: must be a text; {_CURE}")
            continue
        try:
            found[domain] = document.encode()
        except UnicodeEncodeError:
            problems.append(f"{place}: holds half a character (a surrogate); {_CURE}")
    if problems:
        raise ProvidersError(problems)
    return found


class PinnedFile:
    """Changes what is pinned; of several at once the others wait. See `store.PinnedDocuments`."""

    def __init__(self, providers: Path) -> None:
        """Take the providers file; what is pinned stands beside it."""
        self._providers = providers
        self._path = pinned_path(providers)

    def all(self) -> dict[str, bytes]:
        """Return what is pinned, by domain (A-labels).

        Raises:
            ProvidersError: the file cannot be read, or is not as it was written.
        """
        return read_pinned(self._providers)

    def pin(self, domain: DomainName, document: bytes) -> bytes:
        """Pin a document, unless one is pinned already; return the one that is pinned then.

        Raises:
            ProvidersError: the file cannot be read or written; nothing was changed.
        """
        with self._locked():
            pinned = self.all()
            if domain.ascii not in pinned:
                self._write(pinned | {domain.ascii: document})
            return pinned.get(domain.ascii, document)

    def unpin(self, domain: DomainName, document: bytes) -> bool:
        """Unpin a document; return False if it is not pinned any more.

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
        """Lock the folder, as the file is another one after each change."""
        with self._told():
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._told():
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, pinned: Mapping[str, bytes]) -> None:
        """Put a new file in place of the old one, which stays whole until then."""
        documents = {name: document.decode() for name, document in sorted(pinned.items())}
        text = json.dumps({_KEY: documents}, ensure_ascii=False, indent=2) + "\n"
        if len(text.encode()) > MAX_BYTES:
            raise ProvidersError([f"{self._path}: would become too large; switch domains first"])
        with self._told():
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
        """Let those read it who read the providers file."""
        shutil.copymode(self._providers, name)
        owner = self._providers.stat()
        with suppress(PermissionError):
            os.chown(name, owner.st_uid, owner.st_gid)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ProvidersError([f"{self._path}: cannot be written: {error.strerror}"]) from error
