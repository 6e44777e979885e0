"""Signs profiles, remembers what it signed, and follows the files that it signs with."""

import asyncio
import hashlib
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog

from waypost.errors import SettingsError, SigningUnavailable
from waypost.formats.signing import Credentials, sign
from waypost.profiles.credentials import ProfileFiles, load_credentials
from waypost.signature import Signature, signature_of

POLL_SECONDS: Final = 1.0
KEPT_PROFILES: Final = 1000
"""Some 6 KB each, of which the certificates are the most."""

Seen = tuple[Signature | None, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ProfileSigner:
    """Signs with the last files that were good.

    New files with a mistake change nothing; the mistake is told once.
    """

    def __init__(
        self,
        files: ProfileFiles,
        tells: Callable[[int], bool] = lambda _key: True,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Take the files, who of several workers tells of them, and the clock.

        Args:
            files: PEM.
            tells: is given a number, the same in all workers; says whether this one tells.
            now: the time with its zone.
        """
        self._files = files
        self._tells = tells
        self._now = now
        self._credentials: Credentials | None = None
        self._kept: dict[bytes, bytes] = {}
        self._seen: Seen = ()
        self._changing: Seen = ()
        self._demands = 0
        self._demanded = asyncio.Event()
        self._told_expiry = False
        self._log = structlog.get_logger(__name__)

    def start(self) -> None:
        """Read the files for the first time; with mistakes in them no profile goes out."""
        self._seen = self._look()
        self._take(self._load(), again=False)

    def sign(self, profile: bytes, *, keep: bool = True) -> bytes:
        """Give the profile signed, and the same bytes for the same profile again.

        Args:
            profile: as `mobileconfig.render` writes it.
            keep: whether it may be remembered; False for one with a password in it.

        Raises:
            SigningUnavailable: there never were good files.
        """
        if self._credentials is None:
            raise SigningUnavailable("profiles cannot be signed now")
        if not keep:
            return sign(profile, self._credentials)
        key = hashlib.blake2b(profile, digest_size=32).digest()
        # Taken out and put in again: the oldest stands first.
        signed = self._kept.pop(key, None) or sign(profile, self._credentials)
        self._kept[key] = signed
        if len(self._kept) > KEPT_PROFILES:
            del self._kept[next(iter(self._kept))]
        return signed

    def demand(self) -> None:
        """Have the files read again soon, whether they have changed or not."""
        self._demands += 1
        self._demanded.set()

    async def watch(self) -> None:
        """Read the files whenever one has changed or that was demanded. Does not end."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._demanded.wait(), POLL_SECONDS)
            demanded = self._demanded.is_set()
            self._demanded.clear()
            found = await asyncio.to_thread(self._look)
            if demanded or self._is_due(found):
                self._seen, self._changing = found, ()
                self._take(await asyncio.to_thread(self._load), again=True)
            self._look_at_the_clock()

    def _is_due(self, found: Seen) -> bool:
        """Tell whether a file is another one, and all of them have stayed as they are since."""
        if found == self._seen:
            self._changing = ()
            return False
        # Certificate and key are renewed one after the other.
        settled = found == self._changing
        self._changing = found
        return settled

    def _take(self, outcome: "Credentials | SettingsError", *, again: bool) -> None:
        tells = self._tells(zlib.crc32(repr(("profile", self._seen, self._demands)).encode()) or 1)
        if isinstance(outcome, SettingsError):
            for problem in outcome.problems if tells else ():
                self._log.error("profile certificate not read", reason=problem)
            return
        self._credentials = outcome
        self._kept.clear()
        self._told_expiry = False
        if again and tells:
            self._log.info(
                "profile certificate read",
                file=str(self._files.certificate),
                valid_until=outcome.certificate.not_valid_after_utc.isoformat(),
            )

    def _look_at_the_clock(self) -> None:
        """Tell once that the certificate has expired: devices would say so to each user."""
        if self._credentials is None or self._told_expiry:
            return
        until = self._credentials.certificate.not_valid_after_utc
        if self._now() > until:
            self._told_expiry = True
            if self._tells(zlib.crc32(f"expired {until}".encode()) or 1):
                self._log.error(
                    "profile certificate has expired; renew it",
                    file=str(self._files.certificate),
                    valid_until=until.isoformat(),
                )

    def _look(self) -> Seen:
        return tuple(signature_of(path) for path in self._files.paths)

    def _load(self) -> "Credentials | SettingsError":
        try:
            return load_credentials(self._files, self._now())
        except SettingsError as error:
            return error
