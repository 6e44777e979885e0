"""Signing while the files change."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from structlog.testing import capture_logs

from tests.profiles.making import Signing, openssl_verifies, signing
from waypost.core.errors import SigningUnavailable
from waypost.profiles.signer import RETRY_POLLS, ProfileSigner
from waypost.runtime.regular_file import open_regular_file

PROFILE = b"<plist/>"


def put(files: Signing, new: Signing) -> None:
    """Renew all three files."""
    for old, source in zip(files.files.paths, new.files.paths, strict=True):
        shutil.copy(source, old)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 -- a test waits
            await asyncio.sleep(0.005)


async def follow(signer: ProfileSigner) -> None:
    """Check the files again and again, as `ProfileSigners` does."""
    while True:
        await signer.poll()
        await asyncio.sleep(0.005)


def test_same_profile_same_bytes(made: Signing) -> None:
    """A profile that was signed once is not signed again; another profile is."""
    signer = ProfileSigner(made.files)
    signer.start()

    assert signer.sign(PROFILE) == signer.sign(PROFILE) != signer.sign(PROFILE + b" ")


def test_secret_is_not_kept(made: Signing) -> None:
    """A profile that must not be cached leaves no trace in the signer."""
    signer = ProfileSigner(made.files)
    signer.start()
    before = signer.sign(PROFILE)
    secret = signer.sign(b"s3cret", may_cache=False)

    assert openssl_verifies(secret, made.root) == b"s3cret"
    assert secret != signer.sign(b"s3cret", may_cache=False)
    assert signer.sign(PROFILE) == before
    assert b"s3cret" not in repr(vars(signer)).encode()


def test_memory_is_bounded(made: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The most recently used profiles are cached, and older ones are dropped."""
    monkeypatch.setattr("waypost.profiles.signer.CACHED_PROFILES_MAX", 3)
    signer = ProfileSigner(made.files)
    signer.start()
    often, once = signer.sign(b"often"), signer.sign(b"once")
    for number in range(5):
        signer.sign(b"%d" % number)
        assert signer.sign(b"often") == often

    assert signer.sign(b"once") != once


def test_renewed(made: Signing, tmp_path: Path) -> None:
    """After a renewal the new certificate is used, and old signed profiles are dropped."""
    new = signing(tmp_path / "new")

    async def work() -> bytes:
        signer = ProfileSigner(made.files)
        signer.start()
        before = signer.sign(PROFILE)
        watch = asyncio.create_task(follow(signer))
        put(made, new)
        await until(lambda: signer.sign(PROFILE) != before)
        watch.cancel()
        return signer.sign(PROFILE)

    with capture_logs() as lines:
        signed = asyncio.run(work())
    assert openssl_verifies(signed, new.root) == PROFILE
    assert openssl_verifies(signed, made.root) is None
    assert lines[-1]["event"] == "profile certificate loaded"


def test_broken_renewal(made: Signing, tmp_path: Path) -> None:
    """A broken change keeps the old certificate, is logged once, and can be fixed."""
    new = signing(tmp_path / "new")

    async def work() -> None:
        signer = ProfileSigner(made.files)
        signer.start()
        before = signer.sign(PROFILE)
        watch = asyncio.create_task(follow(signer))
        with capture_logs() as lines:
            made.files.key.write_bytes(b"broken")
            await until(lambda: bool(lines))
            await asyncio.sleep(0.1)
            (line,) = lines
        assert line["event"] == "profile certificate rejected"
        assert line["reason"].startswith(f"profile_key: {made.files.key}: ")
        assert signer.sign(PROFILE) == before
        with capture_logs() as lines:
            await signer.poll(requested=True)
        assert lines[0]["reason"] == line["reason"]
        put(made, new)
        await until(lambda: signer.sign(PROFILE) != before)
        watch.cancel()

    asyncio.run(work())


def test_fixed_by_its_mode(made: Signing) -> None:
    """If only the mode of the key was wrong, `chmod` alone is enough."""

    async def work() -> bytes:
        made.files.key.chmod(0o644)
        signer = ProfileSigner(made.files)
        signer.start()
        with pytest.raises(SigningUnavailable):
            signer.sign(PROFILE)
        watch = asyncio.create_task(follow(signer))
        made.files.key.chmod(0o600)
        await until(lambda: _signs(signer))
        watch.cancel()
        return signer.sign(PROFILE)

    assert openssl_verifies(asyncio.run(work()), made.root) == PROFILE


def _signs(signer: ProfileSigner) -> bool:
    try:
        return bool(signer.sign(PROFILE))
    except SigningUnavailable:
        return False


def test_broken_from_the_start(made: Signing) -> None:
    """A worker that starts with broken files sends nothing unsigned until they are fixed."""
    good = made.files.key.read_bytes()
    made.files.key.write_bytes(b"broken")

    async def work() -> None:
        signer = ProfileSigner(made.files)
        signer.start()
        with pytest.raises(SigningUnavailable):
            signer.sign(PROFILE)
        watch = asyncio.create_task(follow(signer))
        made.files.key.write_bytes(good)
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(0.005)
                try:
                    assert signer.sign(PROFILE)
                except SigningUnavailable:
                    continue
                break
        watch.cancel()

    asyncio.run(work())


def test_expired_while_it_serves(made: Signing) -> None:
    """A certificate that expires is logged once, and is still used."""
    shift = timedelta()

    def now() -> datetime:
        return datetime.now(UTC) + shift

    async def work() -> None:
        nonlocal shift
        signer = ProfileSigner(made.files, now=now)
        signer.start()
        watch = asyncio.create_task(follow(signer))
        shift = timedelta(days=2)
        await asyncio.sleep(0.2)
        assert signer.sign(PROFILE)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    assert [line["event"] for line in lines] == ["profile certificate has expired; renew it"]


def test_one_worker_logs(made: Signing) -> None:
    """Of several workers, only the one that may log does."""
    made.files.key.write_bytes(b"broken")
    with capture_logs() as lines:
        ProfileSigner(made.files, is_first=lambda _key: False).start()

    assert lines == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EIO])
def test_errors_of_the_system(
    made: Signing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Renewed files that could not be read are read later, unchanged, after one log line."""
    monkeypatch.setattr("waypost.runtime.backoff.FIRST_SECONDS", 0.01)
    new = signing(tmp_path / "new")
    failures = [OSError(number, os.strerror(number)) for _ in range(9)]

    def failing(path: Path) -> BinaryIO:
        if failures:
            raise failures.pop()
        return open_regular_file(path)

    async def work() -> None:
        signer = ProfileSigner(made.files)
        signer.start()
        before = signer.sign(PROFILE)
        monkeypatch.setattr("waypost.profiles.credentials.open_regular_file", failing)
        watch = asyncio.create_task(follow(signer))
        put(made, new)
        await until(lambda: signer.sign(PROFILE) != before)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    rejected = [line for line in lines if line["event"] == "profile certificate rejected"]
    assert len(rejected) == 3  # One for each file.
    assert all(line["action"].endswith("retrying until the files can be read") for line in rejected)
    assert lines[-1]["event"] == "profile certificate loaded"


def test_fifo(made: Signing) -> None:
    """A FIFO in place of a key is refused, and does not block."""
    good = made.files.key.read_bytes()

    async def work() -> None:
        signer = ProfileSigner(made.files)
        made.files.key.unlink()
        os.mkfifo(made.files.key)
        signer.start()
        with pytest.raises(SigningUnavailable):
            signer.sign(PROFILE)
        made.files.key.unlink()
        made.files.key.write_bytes(good)
        made.files.key.chmod(0o600)
        watch = asyncio.create_task(follow(signer))
        await until(lambda: _signs(signer))
        watch.cancel()

    asyncio.run(work())


@pytest.mark.parametrize("days", [-20_000, 20_000])
def test_clock_that_is_set_right_later(made: Signing, days: int) -> None:
    """A machine that starts in 1970 signs soon after its clock is set, and logs each step once."""
    shift = timedelta(days=days)

    async def work() -> None:
        nonlocal shift
        signer = ProfileSigner(made.files, now=lambda: datetime.now(UTC) + shift)
        signer.start()
        for _ in range(3 * RETRY_POLLS):
            await signer.poll()
        with pytest.raises(SigningUnavailable):
            signer.sign(PROFILE)
        shift = timedelta()
        for _ in range(RETRY_POLLS):
            await signer.poll()
        assert openssl_verifies(signer.sign(PROFILE), made.root) == PROFILE

    with capture_logs() as lines:
        asyncio.run(work())
    assert [line["event"] for line in lines] == [
        "profile certificate rejected",  # the signer's
        "profile certificate rejected",  # that of the authority between
        "signing unavailable; profile request refused",
        "profile certificate loaded",
    ]
