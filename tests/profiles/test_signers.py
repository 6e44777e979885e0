"""Several certificates in one server: that of each provider, and one for all others."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.profiles.making import Signing, openssl_verifies, signing
from waypost.core.errors import SigningUnavailable
from waypost.core.model import ProfileSettings, Provider, SigningFiles
from waypost.profiles.checking import signing_problems
from waypost.profiles.signers import ProfileSigners

PROFILE = b"<plist/>"
PLAIN = Provider("Plain", "Plain")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost.profiles.signers.POLL_SECONDS", 0.005)


def provider(made: Signing, name: str = "Own") -> Provider:
    """Return a provider whose profiles are signed with these files."""
    cert, key, chain = (str(path) for path in made.files.paths)
    return Provider(name, name, profile=ProfileSettings(SigningFiles(cert, key, chain)))


async def until_signed(
    signers: ProfileSigners, whose: Provider, holds: Callable[[bytes], bool]
) -> None:
    """Wait until a profile is signed with the expected certificate."""
    async with asyncio.timeout(20):
        while True:
            try:
                if holds(await signers.sign(PROFILE, whose)):
                    return
            except SigningUnavailable:
                pass
            await asyncio.sleep(0.005)


@pytest.mark.rule("mobileconfig-signed-by-its-provider")
def test_two_providers_and_all_others(made: Signing, tmp_path: Path) -> None:
    """Each provider's profiles are signed with its own certificate, others with the general one."""
    first, second = signing(tmp_path / "a"), signing(tmp_path / "b")

    async def work() -> list[bytes]:
        signers = ProfileSigners(made.files)
        signers.start()
        whose = [provider(first, "A"), provider(second, "B"), PLAIN]
        found = [await signers.sign(PROFILE, one) for one in whose]
        assert found == [await signers.sign(PROFILE, one) for one in whose], "signed once"
        return found

    signed = asyncio.run(work())
    for one, root in zip(signed, (first.root, second.root, made.root), strict=True):
        # With the root alone: the intermediate certificate is in the profile.
        assert openssl_verifies(one, root) == PROFILE
    assert openssl_verifies(signed[0], second.root) is None
    assert openssl_verifies(signed[2], first.root) is None


def test_nothing_to_sign_with() -> None:
    """If neither the provider nor the operator has a certificate, a profile is not signed."""

    async def work() -> bytes:
        signers = ProfileSigners(None)
        signers.start()
        return await signers.sign(PROFILE, PLAIN)

    assert asyncio.run(work()) == PROFILE


def test_renewed(made: Signing, tmp_path: Path) -> None:
    """A provider's new files are used soon, and another provider's stay in use."""
    new, other = signing(tmp_path / "new"), signing(tmp_path / "other")

    async def work() -> tuple[bytes, bytes]:
        signers = ProfileSigners(None)
        own, others = provider(made), provider(other, "Other")
        before, unchanged = (
            await signers.sign(PROFILE, own),
            await signers.sign(PROFILE, others),
        )
        watch = asyncio.create_task(signers.watch())
        for old, source in zip(made.files.paths, new.files.paths, strict=True):
            shutil.copy(source, old)
        await until_signed(signers, own, lambda signed: signed != before)
        assert await signers.sign(PROFILE, others) == unchanged
        signers.request_reload()
        await until_signed(signers, others, lambda signed: signed != unchanged)
        watch.cancel()
        return await signers.sign(PROFILE, own), await signers.sign(PROFILE, others)

    signed, others = asyncio.run(work())
    assert openssl_verifies(signed, new.root) == PROFILE
    assert openssl_verifies(others, other.root) == PROFILE


@pytest.mark.rule("mobileconfig-signed-by-its-provider")
def test_broken_is_not_sent(made: Signing, tmp_path: Path) -> None:
    """A provider's broken files stop only its own profiles, with few log lines, until the fix."""
    broken = signing(tmp_path / "broken")
    good = broken.files.key.read_bytes()
    broken.files.key.write_bytes(b"broken")
    own = provider(broken, "Broken")

    async def work() -> None:
        signers = ProfileSigners(made.files)
        signers.start()
        for _ in range(3):
            with pytest.raises(SigningUnavailable):
                await signers.sign(PROFILE, own)
        assert await signers.sign(PROFILE, PLAIN) != PROFILE
        watch = asyncio.create_task(signers.watch())
        broken.files.key.write_bytes(good)
        await until_signed(signers, own, lambda _signed: True)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    not_sent = [
        line for line in lines if line["event"] == "signing unavailable; profile request refused"
    ]
    assert len(not_sent) == 1
    assert not_sent[0]["reason"] == (
        f'provider "Broken": profile.key: {broken.files.key}: '
        "contains no private key in PEM form, or a broken one"
    )


def test_bounded(made: Signing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many providers the last ones are followed; the general files always are."""
    monkeypatch.setattr("waypost.profiles.signers.SIGNERS_MAX", 2)
    some = [provider(signing(tmp_path / name), name) for name in "ab"]

    async def work() -> tuple[bytes, bytes, bytes, bytes]:
        signers = ProfileSigners(made.files)
        signers.start()
        general = await signers.sign(PROFILE, PLAIN)
        first = await signers.sign(PROFILE, some[0])
        await signers.sign(PROFILE, some[1])
        again = await signers.sign(PROFILE, some[0])
        return general, await signers.sign(PROFILE, PLAIN), first, again

    general, same, first, again = asyncio.run(work())
    assert general == same
    assert first != again, "it was dropped, so that it was signed again"


def test_profile_signed_at_once_counts_as_used(
    made: Signing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer that was used longest ago is dropped, also if profiles were signed at once."""
    monkeypatch.setattr("waypost.profiles.signers.SIGNERS_MAX", 3)
    first, second, third = (provider(signing(tmp_path / name), name) for name in "abc")

    async def work() -> tuple[bytes | None, bytes | None]:
        signers = ProfileSigners(made.files)
        signers.start()
        await signers.sign(PROFILE, first)
        await signers.sign(PROFILE, second)
        assert signers.sign_at_once(PROFILE, first) is not None
        await signers.sign(PROFILE, third)
        return signers.sign_at_once(PROFILE, first), signers.sign_at_once(PROFILE, second)

    used, unused = asyncio.run(work())
    assert used is not None
    assert unused is None


BAD: list[tuple[Callable[[Signing], object], str]] = [
    # what is done to a good set, message
    (lambda made: made.files.key.chmod(0o640), "key: {0}: can be read by others"),
    (lambda made: made.files.certificate.unlink(), "cert: {0}: cannot be read: No such file"),
    (lambda made: made.files.paths[2].write_text("x"), "chain: {0}: contains no certificate"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD)
def test_problems(made: Signing, spoil: Callable[[Signing], object], said: str) -> None:
    """Before a client asks, each problem is reported once, with provider and file."""
    spoil(made)
    names = dict(zip(("cert", "key", "chain"), made.files.paths, strict=True))
    path = names[said.partition(":")[0]]
    whose = [PLAIN, provider(made), provider(made, "Same files")]
    (problem,) = signing_problems(whose, datetime.now(UTC))

    assert problem.startswith(f'provider "Own": profile.{said.format(path)}')


def test_no_problems(made: Signing) -> None:
    """Good files, and none at all, have no problems."""
    assert signing_problems([PLAIN, provider(made)], datetime.now(UTC)) == []
