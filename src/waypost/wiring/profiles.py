"""The settings for Apple configuration profiles, and whether each of them can be signed."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from waypost.core.errors import ProvidersError, ProvidersUnreadable
from waypost.core.model import ProfileSettings, Provider, SigningFiles
from waypost.profiles.checking import expiring_soon, out_of_date, signing_errors, signing_problems
from waypost.profiles.files import ProfileFiles
from waypost.settings import Settings
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.protocol import Store

if TYPE_CHECKING:
    from waypost.formats.mobileconfig.signing import Credentials


@runtime_checkable
class ProviderList(Protocol):
    """A store that lists its providers."""

    def providers(self) -> Iterable[Provider]:
        """Return the providers of the domains."""
        ...


def profile_settings(settings: Settings) -> ProfileSettings:
    """Return the settings for profiles, in the form that their format needs."""
    expires, signing = settings.profile_expires, None
    if settings.profile_cert is not None and settings.profile_key is not None:
        chain = settings.profile_chain
        files = f"{settings.profile_cert}", f"{settings.profile_key}"
        signing = SigningFiles(*files, None if chain is None else f"{chain}")
    return ProfileSettings(
        signing=signing,
        organization=settings.profile_organization,
        description=settings.profile_description,
        consent=tuple(sorted((settings.profile_consent or {}).items())),
        removable=settings.profile_removable,
        days=settings.profile_days,
        # A date of a property list is in UTC; plistlib requires it without a zone.
        expires=expires and datetime.combine(expires, time(), UTC).replace(tzinfo=None),
    )


def signing_credentials(
    settings: Settings, provider: Provider | None = None
) -> "Credentials | None":
    """Read the certificate and key for profiles; return None if profiles are not signed.

    Args:
        settings: all options.
        provider: the provider of the profile; None for the files for all of them.

    Raises:
        SettingsError: the files cannot be used, each problem with its option and its file.
    """
    provider_files = None if provider is None else ProfileFiles.of(provider.profile)
    files = provider_files or ProfileFiles.of(profile_settings(settings))
    if files is None:
        return None
    from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- cryptography needs 19 MB

    provider_name = None if provider_files is None or provider is None else provider.name
    return load_credentials(files, datetime.now(UTC), provider_name)


def check_profiles(settings: Settings, store: Store) -> None:
    """Check whether the profiles of each provider can be signed, and are not out of date.

    A providers file with a problem is refused. For a database the problem is logged: it has other
    providers, and it may be fixed while it is served; until then such a profile is refused.
    Profiles that are out of date are logged: their day came without a change by the operator.

    Raises:
        ProvidersError: names each provider and file.
    """
    if not isinstance(store, ProviderList):
        return
    log, now = structlog.get_logger(__name__), datetime.now(UTC)
    for problem in out_of_date(profile_settings(settings), store.providers(), now):
        log.warning("profiles are out of date", reason=problem)
    if isinstance(store, MemoryStore | ExternalStore):
        check_signing(store)
        return
    for problem in signing_problems(store.providers(), now):
        log.error("profiles cannot be signed; requests for them are refused", reason=problem)


def profile_warnings(settings: Settings, store: Store) -> tuple[str, ...]:
    """Return the certificates for profiles that expire soon, one line each."""
    providers = store.providers() if isinstance(store, ProviderList) else ()
    return tuple(expiring_soon(profile_settings(settings), providers, datetime.now(UTC)))


def check_signing(store: MemoryStore | ExternalStore) -> None:
    """Check whether the profiles of each provider of a file can be signed.

    Raises:
        ProvidersUnreadable: a certificate or key cannot be read now.
        ProvidersError: names each provider and file.
    """
    errors = signing_errors(store.providers(), datetime.now(UTC))
    problems = [problem for error in errors for problem in error.problems]
    if any(error.temporary for error in errors):
        raise ProvidersUnreadable(problems)
    if problems:
        raise ProvidersError(problems)
