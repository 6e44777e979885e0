"""What is reported about profiles before a client requests one."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.profiles.making import signing
from waypost.core.model import ProfileSettings, Provider, SigningFiles
from waypost.profiles.checking import expiring_soon, out_of_date

NOW = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
PLAIN = Provider("Plain", "Plain")


def until(year: int, month: int, day: int) -> ProfileSettings:
    return ProfileSettings(expires=datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("said", "is_late"),
    [
        (ProfileSettings(), False),
        (until(2026, 3, 6), False),
        (until(2026, 3, 5), True),
        (until(2025, 12, 31), True),
    ],
)
def test_out_of_date(said: ProfileSettings, *, is_late: bool) -> None:
    """From the configured day on, a new profile is out of date, and this is reported once."""
    own = replace(PLAIN, name="Own", profile=said)
    general, of_one = (
        out_of_date(said, [PLAIN], NOW),
        out_of_date(ProfileSettings(), [own, own], NOW),
    )

    assert [len(general), len(of_one)] == [is_late, is_late]
    if is_late:
        assert general[0].startswith(f"profile_expires: {said.as_dict()['expires']} is past, so ")
        assert of_one[0].startswith('provider "Own": profile.expires: ')


EXPIRING = [
    # days until the certificate expires, whether that is reported
    (13.9, True),
    (15.0, False),
]


@pytest.mark.parametrize(("days", "is_soon"), EXPIRING)
def test_expiring_soon(tmp_path: Path, days: float, is_soon: bool) -> None:
    """A certificate that expires within 14 days is reported once, with its option and its file."""
    made = signing(tmp_path, days=(-1, days))
    certificate, key = made.files.paths[:2]
    chain = made.files.chain
    files = SigningFiles(f"{certificate}", f"{key}", None if chain is None else f"{chain}")
    own = replace(PLAIN, name="Own", profile=ProfileSettings(signing=files))
    now = datetime.now(UTC)
    general = expiring_soon(ProfileSettings(signing=files), [own, PLAIN], now)
    of_one = expiring_soon(ProfileSettings(), [own, own], now)

    assert [len(general), len(of_one)] == [is_soon, is_soon]
    if is_soon:
        assert general[0].startswith(f"profile_cert: {certificate}: the certificate expires on ")
        assert of_one[0].startswith(f'provider "Own": profile.cert: {certificate}: ')


def test_unusable_certificate_is_not_expiring(tmp_path: Path) -> None:
    """Files that cannot be used are reported elsewhere, and do not end the check."""
    files = SigningFiles(f"{tmp_path}/none.pem", f"{tmp_path}/none.key", None)
    assert expiring_soon(ProfileSettings(signing=files), [], NOW) == []
