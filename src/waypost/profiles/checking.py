"""Check the profiles of providers before a client requests one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from waypost.core.errors import SettingsError
from waypost.core.model import ProfileSettings, Provider, SigningFiles
from waypost.profiles.files import ProfileFiles

if TYPE_CHECKING:
    from waypost.formats.mobileconfig.signing import Credentials

EXPIRES_SOON_DAYS: Final = 14
"""When a certificate counts as about to expire, as in `waypost doctor`."""


def signing_problems(providers: Iterable[Provider], now: datetime) -> list[str]:
    """Return the problems of the files that providers name, each with the provider and the file.

    Args:
        providers: in any order; several may name the same files.
        now: the time, with its zone.
    """
    return [text for error in signing_errors(providers, now) for text in error.problems]


def signing_errors(providers: Iterable[Provider], now: datetime) -> list[SettingsError]:
    """Return an error for each set of files that providers name and that cannot be used.

    Args:
        providers: in any order; several may name the same files.
        now: the time, with its zone.
    """
    provider_names: dict[ProfileFiles, str] = {}
    for provider in providers:
        files = ProfileFiles.of(provider.profile)
        if files is not None:
            provider_names.setdefault(files, provider.name)
    errors: list[SettingsError] = []
    for files, name in provider_names.items():
        from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- cryptography needs 19 MB

        try:
            load_credentials(files, now, name)
        except SettingsError as error:
            errors.append(error)
    return errors


def credentials_by_files(
    providers: Iterable[Provider], now: datetime
) -> "dict[SigningFiles, Credentials]":
    """Read the certificates and keys of the providers that name their own.

    Args:
        providers: in any order; several may name the same files.
        now: the time, with its zone.

    Raises:
        SettingsError: the files of a provider cannot be used.
    """
    credentials: dict[SigningFiles, Credentials] = {}
    for provider in providers:
        signing, files = provider.profile.signing, ProfileFiles.of(provider.profile)
        if signing is not None and files is not None and signing not in credentials:
            from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- cryptography needs 19 MB

            credentials[signing] = load_credentials(files, now, provider.name)
    return credentials


def expiring_soon(
    general: ProfileSettings, providers: Iterable[Provider], now: datetime
) -> list[str]:
    """Return the certificates for profiles that expire within 14 days; unusable ones are left out.

    Args:
        general: the settings for all profiles.
        providers: those that may override them, in any order; one may be there more than once.
        now: the time, with its zone.
    """
    owners: dict[ProfileFiles, str] = {}
    named = [("profile_cert", general)]
    named += [(f'provider "{one.name}": profile.cert', one.profile) for one in providers]
    for name, profile in named:
        if (files := ProfileFiles.of(profile)) is not None:
            owners.setdefault(files, name)
    problems: list[str] = []
    for files, name in owners.items():
        from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- cryptography needs 19 MB

        try:
            certificate = load_credentials(files, now).certificate
        except SettingsError:
            continue  # `signing_errors` has it.
        end = certificate.not_valid_after_utc
        if end - now < timedelta(days=EXPIRES_SOON_DAYS):
            problems.append(
                f"{name}: {files.certificate}: the certificate expires on {end:%Y-%m-%d}; "
                "renew it, because profiles are refused after that day"
            )
    return problems


def out_of_date(
    general: ProfileSettings, providers: Iterable[Provider], now: datetime
) -> list[str]:
    """Return the profiles that are out of date on the day when they are made.

    Args:
        general: the settings for all profiles.
        providers: those that may override them, in any order; one may be there more than once.
        now: the time, with its zone.
    """
    today = f"{now.astimezone(UTC):%Y-%m-%d}"
    expiry_dates = [("profile_expires", general.expires)]
    expiry_dates += [
        (f'provider "{provider.name}": profile.expires', provider.profile.expires)
        for provider in providers
    ]
    days = [
        (name, expires.isoformat()[:10]) for name, expires in expiry_dates if expires is not None
    ]
    problems = [
        f"{name}: {day} is past, so devices show each new profile as out of date; set a later day"
        for name, day in days
        if day <= today
    ]
    return list(dict.fromkeys(problems))
