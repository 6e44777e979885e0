"""Sign profiles with one set of files, keep the signed profiles, and follow the files."""

import asyncio
import hashlib
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from waypost.core.errors import SettingsError, SigningUnavailable
from waypost.formats.mobileconfig.signing import Credentials, sign
from waypost.profiles.credentials import load_credentials
from waypost.profiles.files import ProfileFiles
from waypost.runtime.backoff import BackOff
from waypost.runtime.file_stamp import FileStamp, file_stamp
from waypost.runtime.log_throttle import LogThrottle

RETRY_POLLS: Final = 10
"""Files with errors are read again after so many polls: the clock may have been wrong."""
CACHED_PROFILES_MAX: Final = 1000
"""Some 6 KB each, most of it certificates."""

_FIX: Final = "keeping the previous certificate and key; fix the file, and Waypost reads it again"
_AGAIN: Final = "keeping the previous certificate and key; retrying until the files can be read"

_Seen = tuple[FileStamp | None, ...]
Kept = dict[tuple[object, bytes], bytes]
"""Signed profiles, by their signer and a digest of the profile; several signers may share one."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ProfileSigner:
    """A signer that uses the last files without errors.

    New files with an error change nothing; the error is logged once. Files that cannot be read are
    tried again, with growing pauses, until they can be read.
    """

    def __init__(
        self,
        files: ProfileFiles,
        is_first: Callable[[int], bool] = lambda _key: True,
        now: Callable[[], datetime] = _utc_now,
        kept: Kept | None = None,
        provider: str | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        """Initialize with the files, the choice of the worker that logs, and the clock.

        Args:
            files: PEM.
            is_first: gets a number, the same in all workers; returns whether this worker logs.
            now: returns the time, with its zone.
            kept: the cache of signed profiles; None for a separate one.
            provider: the provider whose profiles these are; None for those of all.
            back_off: says when to try again.
        """
        self._files = files
        self._is_first = is_first
        self._now = now
        self._credentials: Credentials | None = None
        self._provider = provider
        self._kept: Kept = {} if kept is None else kept
        self._reading = object()  # A new one each time the files are read.
        self._problems: tuple[str, ...] = ()
        self._back_off = back_off if back_off is not None else BackOff()
        self._complained: tuple[_Seen, int, tuple[str, ...]] | None = None
        self._looks = 0
        self._complaint = LogThrottle()
        self._seen: _Seen = ()
        self._changing: _Seen = ()
        self._demands = 0
        self._logged_expiry = False
        self._log = structlog.get_logger(__name__)

    def start(self) -> None:
        """Read the files for the first time; if they have errors, no profile is sent."""
        self._seen = self._look()
        self._take(self._load(), again=False)

    def sign(self, profile: bytes, *, keep: bool = True) -> bytes:
        """Return the signed profile; the same profile gets the same bytes again.

        Args:
            profile: as `mobileconfig.render` writes it.
            keep: whether it may be cached; False for one with a password in it.

        Raises:
            SigningUnavailable: there never were files without errors.
        """
        if self._credentials is None:
            if self._complaint.should_log():
                reason = "; ".join(self._problems)
                self._log.error("signing unavailable; profile request refused", reason=reason)
            raise SigningUnavailable("profiles cannot be signed now")
        if not keep:
            return sign(profile, self._credentials)
        key = self._reading, hashlib.blake2b(profile, digest_size=32).digest()
        # Removed and added again: the oldest is first.
        signed = self._kept.pop(key, None) or sign(profile, self._credentials)
        self._kept[key] = signed
        if len(self._kept) > CACHED_PROFILES_MAX:
            del self._kept[next(iter(self._kept))]
        return signed

    async def poll(self, *, requested: bool = False) -> None:
        """Read the files if one has changed, or if a reload was requested.

        Unchanged files with errors are read again from time to time: a certificate that is not
        valid yet, or no more, is accepted as soon as the clock of the machine is right.
        """
        self._demands += requested
        self._looks += 1
        found = await asyncio.to_thread(self._look)
        stays = bool(self._problems) and found == self._seen
        again = self._back_off.is_due() or (stays and self._looks % RETRY_POLLS == 0)
        if self._is_due(found) or requested or again:
            outcome = await asyncio.to_thread(self._load)
            self._seen, self._changing = found, ()
            self._take(outcome, again=True)
        self._look_at_the_clock()

    def _is_due(self, found: _Seen) -> bool:
        """Return whether a file has changed, and no file has changed since the last poll."""
        if found == self._seen:
            self._changing = ()
            return False
        # Certificate and key are replaced one after the other.
        settled = found == self._changing
        self._changing = found
        return settled

    def _take(self, outcome: "Credentials | SettingsError", *, again: bool) -> None:
        problems = outcome.problems if isinstance(outcome, SettingsError) else ()
        about = self._seen, self._demands, problems
        known = about == self._complained
        is_first = not known and self._is_first(zlib.crc32(repr(("profile", about)).encode()) or 1)
        if isinstance(outcome, SettingsError):
            if outcome.temporary:
                self._back_off.record_failure()
            else:
                self._back_off.reset()
            self._problems, self._complained = problems, about
            action = _AGAIN if outcome.temporary else _FIX
            for problem in problems if is_first else ():
                self._log.error("profile certificate rejected", reason=problem, action=action)
            return
        self._back_off.reset()
        self._complained = None
        self._credentials = outcome
        self._reading = object()
        self._logged_expiry = False
        if again and is_first:
            self._log.info(
                "profile certificate loaded",
                file=str(self._files.certificate),
                valid_until=outcome.certificate.not_valid_after_utc.isoformat(),
            )

    def _look_at_the_clock(self) -> None:
        """Log once that the certificate has expired: devices would show this to each user."""
        if self._credentials is None or self._logged_expiry:
            return
        until = self._credentials.certificate.not_valid_after_utc
        if self._now() > until:
            self._logged_expiry = True
            if self._is_first(zlib.crc32(f"expired {until}".encode()) or 1):
                self._log.error(
                    "profile certificate has expired; renew it",
                    file=str(self._files.certificate),
                    valid_until=until.isoformat(),
                )

    def _look(self) -> _Seen:
        return tuple(file_stamp(path) for path in self._files.paths)

    def _load(self) -> "Credentials | SettingsError":
        try:
            return load_credentials(self._files, self._now(), self._provider)
        except SettingsError as error:
            return error
