"""Sign profiles with one set of files, keep the signed profiles, and follow the files."""

import asyncio
import hashlib
import time
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
from waypost.runtime.metrics import Metrics

RETRY_POLLS: Final = 10
"""Files with errors are read again after so many polls: the clock may have been wrong."""
CACHED_PROFILES_MAX: Final = 1000
"""Some 6 KB each, most of it certificates."""

_FIX: Final = "keeping the previous certificate and key; fix the file, and Waypost reads it again"
_RETRYING: Final = "keeping the previous certificate and key; retrying until the files can be read"

_Stamps = tuple[FileStamp | None, ...]
SignedProfiles = dict[tuple[object, bytes], bytes]
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
        signed_profiles: SignedProfiles | None = None,
        provider: str | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        """Initialize with the files, the choice of the worker that logs, and the clock.

        Args:
            files: PEM.
            is_first: gets a number, the same in all workers; returns whether this worker logs.
            now: returns the time, with its zone.
            signed_profiles: the cache of signed profiles; None for a separate one.
            provider: the provider whose profiles these are; None for those of all.
            back_off: says when to try again.
        """
        self._metrics = Metrics()
        self._files = files
        self._is_first = is_first
        self._now = now
        self._credentials: Credentials | None = None
        self._provider = provider
        self._signed_profiles: SignedProfiles = {} if signed_profiles is None else signed_profiles
        self._credentials_id = object()  # A new one each time the files are read.
        self._problems: tuple[str, ...] = ()
        self._back_off = back_off if back_off is not None else BackOff()
        self._reported: tuple[_Stamps, int, tuple[str, ...]] | None = None
        self._polls = 0
        self._refusal_log = LogThrottle()
        self._stamps: _Stamps = ()
        self._changing_stamps: _Stamps = ()
        self._requests = 0
        self._logged_expiry = False
        self._log = structlog.get_logger(__name__)

    def report_to(self, metrics: Metrics) -> None:
        """Measure signatures from now on, and show when the certificate expires."""
        self._metrics = metrics

    def start(self) -> None:
        """Read the files for the first time; if they have errors, no profile is sent."""
        self._stamps = self._read_stamps()
        self._apply(self._load(), is_reload=False)

    def sign(self, profile: bytes, *, may_cache: bool = True) -> bytes:
        """Return the signed profile; the same profile gets the same bytes again.

        Args:
            profile: as `mobileconfig.render` writes it.
            may_cache: whether it may be cached; False for one with a password in it.

        Raises:
            SigningUnavailable: there never were files without errors.
        """
        if self._credentials is None:
            if self._refusal_log.should_log():
                reason = "; ".join(self._problems)
                self._log.error("signing unavailable; profile request refused", reason=reason)
            raise SigningUnavailable("profiles cannot be signed now")
        if not may_cache:
            return self._sign(profile, self._credentials)
        key = self._credentials_id, hashlib.blake2b(profile, digest_size=32).digest()
        # Removed and added again: the oldest is first.
        signed = self._signed_profiles.pop(key, None) or self._sign(profile, self._credentials)
        self._signed_profiles[key] = signed
        if len(self._signed_profiles) > CACHED_PROFILES_MAX:
            del self._signed_profiles[next(iter(self._signed_profiles))]
        return signed

    async def poll(self, *, requested: bool = False) -> None:
        """Read the files if one has changed, or if a reload was requested.

        Unchanged files with errors are read again from time to time: a certificate that is not
        valid yet, or no more, is accepted as soon as the clock of the machine is right.
        """
        self._requests += requested
        self._polls += 1
        stamps = await asyncio.to_thread(self._read_stamps)
        has_same_problems = bool(self._problems) and stamps == self._stamps
        must_retry = self._back_off.is_due() or (
            has_same_problems and self._polls % RETRY_POLLS == 0
        )
        if self._has_changed(stamps) or requested or must_retry:
            result = await asyncio.to_thread(self._load)
            self._stamps, self._changing_stamps = stamps, ()
            self._apply(result, is_reload=True)
        self._log_expiry()

    def _sign(self, profile: bytes, credentials: Credentials) -> bytes:
        start = time.perf_counter()
        signed = sign(profile, credentials)
        self._metrics.record_signing(time.perf_counter() - start)
        return signed

    def _has_changed(self, stamps: _Stamps) -> bool:
        """Return whether a file has changed, and no file has changed since the last poll."""
        if stamps == self._stamps:
            self._changing_stamps = ()
            return False
        # Certificate and key are replaced one after the other.
        is_settled = stamps == self._changing_stamps
        self._changing_stamps = stamps
        return is_settled

    def _apply(self, result: "Credentials | SettingsError", *, is_reload: bool) -> None:
        problems = result.problems if isinstance(result, SettingsError) else ()
        report = self._stamps, self._requests, problems
        known = report == self._reported
        is_first = not known and self._is_first(zlib.crc32(repr(("profile", report)).encode()) or 1)
        if isinstance(result, SettingsError):
            if result.temporary:
                self._back_off.record_failure()
            else:
                self._back_off.reset()
            self._problems, self._reported = problems, report
            if self._credentials is None:
                self._metrics.record_certificate(self._provider or "", 0.0)
            action = _RETRYING if result.temporary else _FIX
            for problem in problems if is_first else ():
                self._log.error("profile certificate rejected", reason=problem, action=action)
            return
        self._back_off.reset()
        self._reported = None
        self._credentials = result
        self._credentials_id = object()
        self._logged_expiry = False
        expiry = min(
            certificate.not_valid_after_utc for certificate in (result.certificate, *result.chain)
        )
        self._metrics.record_certificate(self._provider or "", expiry.timestamp())
        if is_reload and is_first:
            self._log.info(
                "profile certificate loaded",
                file=str(self._files.certificate),
                valid_until=result.certificate.not_valid_after_utc.isoformat(),
            )

    def _log_expiry(self) -> None:
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

    def _read_stamps(self) -> _Stamps:
        return tuple(file_stamp(path) for path in self._files.paths)

    def _load(self) -> "Credentials | SettingsError":
        try:
            return load_credentials(self._files, self._now(), self._provider)
        except SettingsError as error:
            return error
