"""The settings for profiles, and what is checked before a client requests one."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.making import domain
from tests.profiles.making import signing
from tests.web.asgi import settings
from waypost.core.errors import ProvidersError, ProvidersUnreadable, SettingsError
from waypost.core.model import Catalog, ProfileSettings, Provider, SigningFiles
from waypost.store.memory import MemoryStore
from waypost.wiring.profiles import (
    check_profiles,
    profile_settings,
    profile_warnings,
    signing_credentials,
)


def store_of(files: SigningFiles | None) -> MemoryStore:
    """Return a store with one provider that signs with its own files."""
    own = Provider("Own", "Own", profile=ProfileSettings(signing=files))
    return MemoryStore(Catalog((replace(domain("example.com"), provider=own),)))


def test_settings_of_profiles() -> None:
    """The options about profiles reach the format; a date becomes midnight in UTC."""
    chosen = profile_settings(
        settings(
            profile_organization="Example",
            profile_consent={"en": "Really?", "de": "Wirklich?"},
            profile_removable=False,
            profile_expires=date(2030, 1, 2),
            profile_cert=Path("a.pem"),
            profile_key=Path("a.key"),
        )
    )
    assert chosen.organization == "Example"
    assert chosen.consent == (("de", "Wirklich?"), ("en", "Really?"))
    assert chosen.removable is False
    assert chosen.expires == datetime(2030, 1, 2, tzinfo=UTC).replace(tzinfo=None)
    assert chosen.signing == SigningFiles("a.pem", "a.key", None)


def test_logged_at_the_start() -> None:
    """A day that is past is logged at the start, and Waypost starts."""
    store = MemoryStore(Catalog((domain("example.com"),)))
    with capture_logs() as lines:
        check_profiles(settings(profile_expires=date(2020, 1, 1)), store)
        check_profiles(settings(), store)

    assert [line["event"] for line in lines] == ["profiles are out of date"]
    assert lines[0]["log_level"] == "warning"


def test_certificates_before_the_first_request(tmp_path: Path) -> None:
    """A provider's files come before those for all profiles, and a near expiry is reported."""
    made = signing(tmp_path / "made", days=(-1, 5))
    certificate, key, _ = made.files.paths
    general = settings(profile_cert=certificate, profile_key=key)
    own = SigningFiles(f"{certificate}", f"{key}", f"{made.files.chain}")
    assert signing_credentials(settings()) is None
    for_all = signing_credentials(general)
    assert for_all is not None
    assert for_all.chain == ()
    provider = Provider("Own", "Own", profile=ProfileSettings(signing=own))
    of_one = signing_credentials(general, provider)
    assert of_one is not None
    assert len(of_one.chain) == 1

    check_profiles(settings(), store_of(own))
    (warning,) = profile_warnings(settings(), store_of(own))
    assert warning.startswith(f'provider "Own": profile.cert: {certificate}: ')


UNUSABLE = [
    # content of the certificate (None: no such file), error
    (None, ProvidersUnreadable),
    (b"", ProvidersError),
    (b"-----BEGIN CERTIFICATE-----\n????\n", ProvidersError),
]


@pytest.mark.parametrize(("content", "error"), UNUSABLE)
def test_unusable_certificate(
    tmp_path: Path, content: bytes | None, error: type[ProvidersError]
) -> None:
    """Waypost does not start with a file whose provider cannot sign; it names provider and file."""
    made = signing(tmp_path / "made")
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_bytes(content)
    files = SigningFiles(f"{path}", f"{made.files.key}", None)
    with pytest.raises(error, match=f'provider "Own": profile.cert: {path}'):
        check_profiles(settings(), store_of(files))
    with pytest.raises(SettingsError, match=f"profile_cert: {path}"):
        signing_credentials(settings(profile_cert=path, profile_key=made.files.key))
