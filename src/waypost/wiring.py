"""From settings to the parts of a running Waypost."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from waypost.core.errors import ProvidersError, ProvidersUnreadable, SettingsError
from waypost.core.model import ProfileSettings, Provider, SigningFiles, SqlDirectory
from waypost.demo import demo_catalog
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.directory.resilient import UserCacheLimits
from waypost.lookup.lookup import DomainFinder, FreshDomains, Lookup
from waypost.profiles.checking import expiring_soon, out_of_date, signing_errors, signing_problems
from waypost.profiles.files import ProfileFiles
from waypost.profiles.signers import ProfileSigners
from waypost.providers_file.pinned_pacc import PinnedFile
from waypost.runtime.logs import AddressHasher
from waypost.runtime.metrics import Metrics
from waypost.runtime.part_times import PartTimes
from waypost.settings import Settings
from waypost.setup_links.link import LinkRows
from waypost.setup_links.password_service import AppPasswordService
from waypost.setup_links.service import SetupLinkService
from waypost.sign_in.authenticator import Authenticator
from waypost.sign_in.openid_service import OpenIdSetup
from waypost.store.cache import CacheLimits
from waypost.store.external import DomainSource, ExternalDomainCache, ExternalStore
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.store.protocol import PinnedDocuments, Store
from waypost.store.reload import LogDeduplicator, ProvidersReloader, read_store
from waypost.timed_parts import TimedDomains, TimedUsers
from waypost.wiring_links import (
    open_authenticator,
    open_link_service,
    open_openid,
    open_password_service,
)

if TYPE_CHECKING:
    from waypost.formats.mobileconfig.signing import Credentials
    from waypost.store.initdb import InitDb


class Domains(DomainFinder, FreshDomains, Protocol):
    """Finds domains for the lookup, and can be watched and closed."""

    def clear(self) -> None:
        """Forget everything."""
        ...

    def expire(self) -> None:
        """Ask the store again for everything, and keep old answers in case the store fails."""
        ...

    def is_ready(self) -> bool:
        """Return whether clients get answers: from the store, or earlier ones while it fails."""
        ...

    @property
    def domain_count(self) -> int | None:
        """How many domains and patterns are served, as counted last; None if not counted yet."""
        ...

    async def count_domains(self) -> int | None:
        """Count the domains and patterns, and return `domain_count`."""
        ...

    async def watch(self) -> None:
        """Reconnect to a store that is unavailable. May run without end; cancel it."""
        ...

    async def close(self) -> None:
        """Close the store as well."""
        ...


@runtime_checkable
class ProviderList(Protocol):
    """A store that lists its providers."""

    def providers(self) -> Iterable[Provider]:
        """Return the providers of the domains."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of one worker. Closing the cache closes the store as well.

    Attributes:
        initdb: None if there is no database, or if `initdb` is disabled.
        reloader: None if there is no providers file.
        signer: None if profiles are not signed.
        times: where the time of each request went.
        link_rows: the storage of one-time links; None without a database.
        setup_links: None if one-time links are disabled.
        app_passwords: None if the operator has no system for them.
        authenticator: None if people cannot sign in with a password.
        openid: None if people cannot sign in at an OpenID provider.
    """

    cache: Domains
    lookup: Lookup
    directories: Directories
    initdb: "InitDb | None"
    metrics: Metrics = field(default_factory=Metrics)
    reloader: ProvidersReloader | None = None
    signer: ProfileSigners | None = None
    times: PartTimes = field(default_factory=PartTimes)
    link_rows: LinkRows | None = None
    setup_links: SetupLinkService | None = None
    app_passwords: AppPasswordService | None = None
    authenticator: Authenticator | None = None
    openid: OpenIdSetup | None = None

    def domain_count(self) -> int | None:
        """Return how many domains are served, as counted last; None if not counted yet."""
        return self.cache.domain_count

    @property
    def is_reloading(self) -> bool:
        """Whether a reload of the providers file was requested and has not finished."""
        return self.reloader is not None and self.reloader.is_reloading

    async def close(self) -> None:
        """Close the store and the directories."""
        await self.cache.close()
        await self.directories.close()
        if self.setup_links is not None:
            self.setup_links.close()
        if self.app_passwords is not None:
            self.app_passwords.close()

    def reload(self) -> None:
        """Reload soon what was changed outside; until then the old answers stay in use."""
        if self.reloader is not None:
            self.reloader.request_reload()
        else:
            self.cache.expire()
        if self.signer is not None:
            self.signer.request_reload()

    async def watch(self) -> None:
        """Follow the files, and reconnect to an unavailable database. Cancel it."""
        watchers = [self.cache.watch()]
        if self.reloader is not None:
            watchers.append(self.reloader.watch())
        if self.signer is not None:
            watchers.append(self.signer.watch())
        await asyncio.gather(*watchers)


def wire(
    settings: Settings, metrics: Metrics | None = None, deduplicator: LogDeduplicator | None = None
) -> Runtime:
    """Open the store, and create its cache and the lookup.

    If the database does not answer, or the providers file has errors, Waypost waits for them.

    Args:
        settings: all options.
        metrics: the metrics of this worker; None to count without showing them.
        deduplicator: decides which of several workers logs about the providers file.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    metrics = metrics if metrics is not None else Metrics()
    runtime = _runtime(settings, metrics, deduplicator)
    signer = ProfileSigners(
        ProfileFiles.of(profile_settings(settings)),
        (deduplicator or LogDeduplicator()).is_first,
        metrics,
    )
    signer.start()
    passwords = open_password_service(settings)
    return replace(
        runtime,
        signer=signer,
        setup_links=open_link_service(settings, runtime.link_rows, passwords),
        app_passwords=passwords,
        authenticator=open_authenticator(settings),
        openid=open_openid(settings),
    )


def _runtime(settings: Settings, metrics: Metrics, deduplicator: LogDeduplicator | None) -> Runtime:
    directories, public_url = _directories(settings, metrics), settings.public_url
    times = PartTimes()
    users = TimedUsers(directories, times)
    if settings.demo:
        demo = MemoryDomains(MemoryStore(demo_catalog()), metrics)
        lookup = Lookup(demo, users, public_url)
        return Runtime(demo, lookup, directories, None, metrics, times=times)
    if settings.providers is not None:
        domains = ExternalDomainCache(_open_domain_source, _limits(settings), metrics)
        reloader = ProvidersReloader(
            settings.providers, domains, metrics, deduplicator, _check_signing
        )
        reloader.start()
        lookup = Lookup(TimedDomains(domains, times), users, public_url)
        return Runtime(domains, lookup, directories, None, metrics, reloader=reloader, times=times)
    from waypost.wiring_database import open_database_cache  # noqa: PLC0415 -- SQLAlchemy

    cache, initdb, rows = open_database_cache(settings, _limits(settings), metrics)
    lookup = Lookup(TimedDomains(cache, times), users, public_url)
    return Runtime(cache, lookup, directories, initdb, metrics, times=times, link_rows=rows)


def open_store(
    settings: Settings, warn: Callable[[Iterable[str]], None] = lambda _warnings: None
) -> Store:
    """Open the source of the domains: the samples, a providers file, or the database.

    Args:
        settings: say where the domains are.
        warn: gets the warnings of a providers file.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: errors in the providers file.
    """
    if settings.demo:
        return MemoryStore(demo_catalog())
    if settings.providers is not None:
        file_store = read_store(settings.providers, warn)
        return (
            ExternalStore(file_store, _open_domain_source)
            if file_store.external_domains
            else file_store
        )
    from waypost.wiring_database import open_database_store  # noqa: PLC0415 -- SQLAlchemy

    return open_database_store(settings)


@contextmanager
def open_pinned(settings: Settings) -> Iterator[PinnedDocuments]:
    """Open the place of PACC documents: a file next to the providers file, or the database.

    Raises:
        SettingsError: nothing can be pinned for the samples.
        StoreError: the database cannot be used as it is.
    """
    if settings.demo:
        raise SettingsError(["demo: no document can be pinned for the samples"])
    if settings.providers is not None:
        yield PinnedFile(settings.providers)
        return
    from waypost.wiring_database import open_pinned_rows  # noqa: PLC0415 -- SQLAlchemy

    with open_pinned_rows(settings) as pinned:
        yield pinned


def _open_domain_source(directory: SqlDirectory) -> DomainSource:
    from waypost.wiring_database import open_domain_source  # noqa: PLC0415 -- SQLAlchemy

    return open_domain_source(directory)


def _limits(settings: Settings) -> CacheLimits:
    return CacheLimits(
        ttl_seconds=settings.cache_ttl,
        stale_if_error_seconds=settings.stale_if_error,
        size=settings.cache_size,
        negative_size=settings.cache_negative_size,
    )


def _directories(settings: Settings, metrics: Metrics) -> Directories:
    cache_limits = UserCacheLimits(
        size=settings.directory_cache_size,
        stale_if_error_seconds=settings.stale_if_error,
    )
    ca_file = None if settings.ldap_ca_file is None else str(settings.ldap_ca_file)
    opener = partial(open_directory, ldap_ca_file=ca_file)
    return Directories(opener, cache_limits=cache_limits, metrics=metrics)


def open_directories(settings: Settings) -> Directories:
    """Return the directories as a server has them; each is opened for its first request."""
    return _directories(settings, Metrics())


def address_hasher(settings: Settings) -> AddressHasher:
    """Return the hasher of addresses in the log.

    Raises:
        SettingsError: `log_key` was not set before the workers were started.
    """
    if settings.log_key is None:
        raise SettingsError(["log_key: has no value; all workers need the same value"])
    return AddressHasher(settings.log_key, show=settings.log_addresses)


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
        _check_signing(store)
        return
    for problem in signing_problems(store.providers(), now):
        log.error("profiles cannot be signed; requests for them are refused", reason=problem)


def profile_warnings(settings: Settings, store: Store) -> tuple[str, ...]:
    """Return the certificates for profiles that expire soon, one line each."""
    providers = store.providers() if isinstance(store, ProviderList) else ()
    return tuple(expiring_soon(profile_settings(settings), providers, datetime.now(UTC)))


def _check_signing(store: MemoryStore | ExternalStore) -> None:
    errors = signing_errors(store.providers(), datetime.now(UTC))
    problems = [problem for error in errors for problem in error.problems]
    if any(error.temporary for error in errors):
        raise ProvidersUnreadable(problems)
    if problems:
        raise ProvidersError(problems)
