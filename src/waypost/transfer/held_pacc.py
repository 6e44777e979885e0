"""The PACC documents that are held for domains of a providers file, in a file beside it.

The providers file is the operator's, and no command writes to it; what is held is a state.
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
MAX_OCTETS: Final = 16 * 1024 * 1024
_KEY: Final = "held"
_CURE: Final = "correct it, or remove it to hold nothing"


def held_path(providers: Path) -> Path:
    """Give where the documents are that belong to a providers file."""
    return providers.with_name(providers.name + SUFFIX)


def read_held(providers: Path) -> dict[str, bytes]:
    """Read what is held for the domains of a providers file, by domain (A-labels).

    A domain that the providers file does not have does no harm: nothing is served for it.

    Raises:
        ProvidersUnreadable: the system does not let the file beside it be read.
        ProvidersError: it is not as it was written.
    """
    path = held_path(providers)
    try:
        octets = read_regular_file(path, MAX_OCTETS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ProvidersUnreadable([f"{path}: cannot be read: {reason_of(error)}"]) from error
    if len(octets) > MAX_OCTETS:
        limit = MAX_OCTETS // 1024 // 1024
        raise ProvidersError([f"{path}: is larger than {limit} MiB; {_CURE}"])
    return _held(path, parse(decode(octets, str(path)), str(path), "json"))


def _held(path: Path, data: Mapping[str, object]) -> dict[str, bytes]:
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


class HeldFile:
    """Changes what is held; of several at once the others wait. See `store.HeldDocuments`."""

    def __init__(self, providers: Path) -> None:
        """Take the providers file; what is held stands beside it."""
        self._providers = providers
        self._path = held_path(providers)

    def all(self) -> dict[str, bytes]:
        """Give what is held, by domain (A-labels).

        Raises:
            ProvidersError: the file cannot be read, or is not as it was written.
        """
        return read_held(self._providers)

    def hold(self, domain: DomainName, document: bytes) -> bytes:
        """Hold a document, unless one is held already; give what is held then.

        Raises:
            ProvidersError: the file cannot be read or written; nothing was changed.
        """
        with self._locked():
            held = self.all()
            if domain.ascii not in held:
                self._write(held | {domain.ascii: document})
            return held.get(domain.ascii, document)

    def release(self, domain: DomainName, document: bytes) -> bool:
        """Let go of a document; give False where it is not held any more.

        Raises:
            ProvidersError: the file cannot be read or written; nothing was changed.
        """
        with self._locked():
            held = self.all()
            if held.get(domain.ascii) != document:
                return False
            del held[domain.ascii]
            self._write(held)
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

    def _write(self, held: Mapping[str, bytes]) -> None:
        """Put a new file in place of the old one, which stays whole until then."""
        documents = {name: document.decode() for name, document in sorted(held.items())}
        text = json.dumps({_KEY: documents}, ensure_ascii=False, indent=2) + "\n"
        if len(text.encode()) > MAX_OCTETS:
            raise ProvidersError([f"{self._path}: would become too large; switch domains first"])
        with self._told():
            if not held:
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
