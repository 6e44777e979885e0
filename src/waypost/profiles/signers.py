"""Sign each profile with the files of its provider, or with those of all providers."""

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from waypost.core.errors import SigningUnavailable
from waypost.core.model import Provider
from waypost.profiles.files import ProfileFiles
from waypost.runtime.metrics import Metrics
from waypost.runtime.poll_trigger import PollTrigger

if TYPE_CHECKING:
    from waypost.profiles.signer import ProfileSigner, SignedProfiles

POLL_SECONDS: Final = 1.0
SIGNERS_MAX: Final = 1000
"""How many are followed at once; above it, the least recently used one is dropped."""

IsFirst = Callable[[int, int], bool]
"""Gets a number, the same in all workers, and another one for its subject."""


def _always_first(_key: int, _subject: int) -> bool:
    return True


class ProfileSigners:
    """One signer for each set of files. The files of a provider are read when first needed."""

    def __init__(
        self,
        general: ProfileFiles | None,
        is_first: IsFirst = _always_first,
        metrics: Metrics | None = None,
    ) -> None:
        """Initialize with the files of all providers, if there are some, and the worker that logs.

        Args:
            general: PEM.
            is_first: returns whether this worker logs.
            metrics: count signatures, and show when certificates expire; None for neither.
        """
        self._metrics = metrics
        self._general = general
        self._is_first = is_first
        self._signers: dict[ProfileFiles, ProfileSigner] = {}
        self._signed_profiles: SignedProfiles = {}
        self._open_lock = asyncio.Lock()
        self._trigger = PollTrigger()

    def start(self) -> None:
        """Read the files of all providers; if they have errors, no such profile is sent."""
        if self._general is not None:
            self._signers[self._general] = self._open(self._general, None)

    def sign_at_once(self, profile: bytes, provider: Provider) -> bytes | None:
        """Return a profile, signed if it must be, if the files are read and have no errors.

        Returns:
            None if `sign` must be used.
        """
        files = ProfileFiles.of(provider.profile) or self._general
        if files is None:
            return profile
        signer = self._signers.get(files)
        if signer is None:
            return None
        self._signers[files] = self._signers.pop(files)  # The most recently used is last.
        try:
            return signer.sign(profile)
        except SigningUnavailable:
            return None

    async def sign(self, profile: bytes, provider: Provider, *, may_cache: bool = True) -> bytes:
        """Return a profile, signed if it must be.

        Args:
            profile: as `mobileconfig.render` writes it.
            provider: its provider.
            may_cache: whether it may be cached; False for one with a password in it.

        Raises:
            SigningUnavailable: it must be signed, and there never were files without errors.
        """
        files = ProfileFiles.of(provider.profile)
        provider_name = None if files is None else provider.name
        files = files or self._general
        if files is None:
            return profile
        signer = self._signers.pop(files, None) or await self._get_or_open(files, provider_name)
        self._signers[files] = signer  # The most recently used is last.
        return signer.sign(profile, may_cache=may_cache)

    def request_reload(self) -> None:
        """Request that all files are read again soon, even if they have not changed."""
        self._trigger.request()

    async def watch(self) -> None:
        """Read files each time one has changed or a reload was requested. Does not end."""
        while True:
            requested = await self._trigger.wait(POLL_SECONDS)
            for signer in list(self._signers.values()):
                await signer.poll(requested=requested)

    async def _get_or_open(self, files: ProfileFiles, provider_name: str | None) -> "ProfileSigner":
        async with self._open_lock:
            if (signer := self._signers.get(files)) is not None:
                return signer
            # Slow the first time, when the library is imported too.
            signer = self._signers[files] = await asyncio.to_thread(
                self._open, files, provider_name
            )
            if len(self._signers) > SIGNERS_MAX:
                del self._signers[next(key for key in self._signers if key != self._general)]
            return signer

    def _open(self, files: ProfileFiles, provider_name: str | None) -> "ProfileSigner":
        from waypost.profiles.signer import ProfileSigner  # noqa: PLC0415 -- cryptography needs 19 MB

        subject = zlib.crc32(repr(files).encode())
        is_first = partial(_is_first_for_subject, self._is_first, subject)
        signer = ProfileSigner(
            files,
            is_first,
            signed_profiles=self._signed_profiles,
            provider=provider_name,
        )
        if self._metrics is not None:
            signer.report_to(self._metrics)
        signer.start()
        return signer


def _is_first_for_subject(is_first: IsFirst, subject: int, key: int) -> bool:
    return is_first(key, subject)
