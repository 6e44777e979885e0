"""From settings to the parts of a running Waypost."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from waypost.database.engine import open_engine
from waypost.demo import demo_catalog
from waypost.directory.directories import Directories
from waypost.directory.guard import KeepingLimits
from waypost.directory.opening import open_directory
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.errors import ProvidersError, ProvidersUnreadable, SettingsError
from waypost.logs import AddressHasher
from waypost.lookup import DomainFinder, Lookup
from waypost.metrics import Metrics
from waypost.model import ProfileSettings, Provider, SigningFiles
from waypost.profiles.checking import out_of_date, signing_errors, signing_problems
from waypost.profiles.files import ProfileFiles
from waypost.profiles.signers import ProfileSigners
from waypost.reloading import ProvidersReloader, Told, read_store
from waypost.seeding import Seeding
from waypost.settings import Settings, in_memory
from waypost.store import PinnedDocuments, Store
from waypost.store.borrowed import BorrowingDomains, BorrowingStore
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.store.sql.pinned_pacc import PinnedRows
from waypost.store.sql.revision import make_ready, make_ready_patiently
from waypost.store.sql.store import SqlStore
from waypost.store.waking import WakingStore
from waypost.transfer.pinned_pacc import PinnedFile

if TYPE_CHECKING:
    from waypost.formats.signing import Credentials


class Domains(DomainFinder, Protocol):
    """What answers the lookup, and is looked after while it does."""

    def clear(self) -> None:
        """Forget everything."""
        ...

    def expire(self) -> None:
        """Ask again for everything, and keep old answers for a store that fails."""
        ...

    async def watch(self) -> None:
        """Bring back a store that is away. May go on for ever; cancel it."""
        ...

    async def close(self) -> None:
        """Close the store as well."""
        ...


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts of one worker. Closing the cache closes the store as well.

    Attributes:
        seeding: None where there is no database, or where `initdb` is off.
        reloader: None where there is no providers file.
        signer: None where nobody signs profiles.
    """

    cache: Domains
    lookup: Lookup
    people: Directories
    seeding: Seeding | None
    metrics: Metrics = field(default_factory=Metrics)
    reloader: ProvidersReloader | None = None
    signer: ProfileSigners | None = None

    async def close(self) -> None:
        """Let go of the store and of the directories."""
        await self.cache.close()
        await self.people.close()

    def reload(self) -> None:
        """Take in soon what was changed outside; until then the old answers go on."""
        if self.reloader is not None:
            self.reloader.demand()
        else:
            self.cache.expire()
        if self.signer is not None:
            self.signer.demand()

    async def watch(self) -> None:
        """Follow the files, and bring back a database that is away. Cancel it."""
        watched = [self.cache.watch()]
        if self.reloader is not None:
            watched.append(self.reloader.watch())
        if self.signer is not None:
            watched.append(self.signer.watch())
        await asyncio.gather(*watched)


def wire(settings: Settings, metrics: Metrics | None = None, told: Told | None = None) -> Wired:
    """Open the store and put cache and lookup in front of it.

    A database that does not answer, or a providers file with mistakes, is waited for.

    Args:
        settings: all options.
        metrics: what is counted; None counts for nobody.
        told: who of several workers tells about the providers file.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    metrics = metrics if metrics is not None else Metrics()
    wired = _wired(settings, metrics, told)
    signer = ProfileSigners(ProfileFiles.of(profile_settings(settings)), (told or Told()).first)
    signer.start()
    return replace(wired, signer=signer)


def _wired(settings: Settings, metrics: Metrics, told: Told | None) -> Wired:
    people, public_url = _directories(settings, metrics), settings.public_url
    if settings.demo:
        demo = MemoryDomains(MemoryStore(demo_catalog()), metrics)
        return Wired(demo, Lookup(demo, people, public_url), people, None, metrics)
    if settings.providers is not None:
        domains = BorrowingDomains(OpenSqlDirectory, _limits(settings), metrics)
        reloader = ProvidersReloader(settings.providers, domains, metrics, told, _check_signing)
        reloader.start()
        return Wired(domains, Lookup(domains, people, public_url), people, None, metrics, reloader)
    store = _open_database(settings)
    waking = WakingStore(store, partial(make_ready_patiently, settings.db_uri, store.engine))
    cache = DomainCache(waking, _limits(settings), metrics=metrics)
    seeding = Seeding(store.engine, cache.clear) if settings.initdb else None
    return Wired(cache, Lookup(cache, people, public_url), people, seeding, metrics)


def open_store(
    settings: Settings, told: Callable[[Iterable[str]], None] = lambda _warnings: None
) -> Store:
    """Open the place where domains live: the samples, a providers file, or the database.

    Args:
        settings: say where the domains are.
        told: gets the warnings of a providers file.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file.
    """
    if settings.demo:
        return MemoryStore(demo_catalog())
    if settings.providers is not None:
        own = read_store(settings.providers, told)
        return BorrowingStore(own, OpenSqlDirectory) if own.borrowed else own
    return _open_database(settings)


@contextmanager
def open_pinned(settings: Settings) -> Iterator[PinnedDocuments]:
    """Open what holds PACC documents: a file beside the providers file, or the database.

    Raises:
        SettingsError: nothing is pinned for the samples.
        StoreError: the database cannot be used as it is.
    """
    if settings.demo:
        raise SettingsError(["demo: no document can be pinned for the samples"])
    if settings.providers is not None:
        yield PinnedFile(settings.providers)
        return
    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield PinnedRows(engine)
    finally:
        engine.dispose()


def _limits(settings: Settings) -> CacheLimits:
    return CacheLimits(
        ttl_seconds=settings.cache_ttl,
        stale_if_error_seconds=settings.stale_if_error,
        size=settings.cache_size,
        negative_size=settings.cache_negative_size,
    )


def _directories(settings: Settings, metrics: Metrics) -> Directories:
    keeping = KeepingLimits(
        size=settings.directory_cache_size,
        stale_if_error_seconds=settings.stale_if_error,
    )
    ca_file = None if settings.ldap_ca_file is None else str(settings.ldap_ca_file)
    opener = partial(open_directory, ldap_ca_file=ca_file)
    return Directories(opener, keeping=keeping, metrics=metrics)


def _open_database(settings: Settings) -> SqlStore:
    engine = open_engine(settings.db_uri, settings.db_echo, impatient=True)
    if in_memory(settings.db_uri):
        # Nobody else could make the tables in the memory of this process.
        make_ready(engine)
    return SqlStore(engine)


def open_people(settings: Settings) -> Directories:
    """Return the directories as a server has them; each is opened when it is first asked."""
    return _directories(settings, Metrics())


def address_hasher(settings: Settings) -> AddressHasher:
    """Make what hides addresses in the log.

    Raises:
        SettingsError: `log_key` was not filled in before the workers were started.
    """
    if settings.log_key is None:
        raise SettingsError(["log_key: has no value; all workers need the same"])
    return AddressHasher(settings.log_key, show=settings.log_addresses)


def profile_settings(settings: Settings) -> ProfileSettings:
    """Return what the operator says about profiles, as their format takes it."""
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
        # A date of a property list is in UTC; plistlib wants it without a zone.
        expires=expires and datetime.combine(expires, time(), UTC).replace(tzinfo=None),
    )


def signing_credentials(
    settings: Settings, provider: Provider | None = None
) -> "Credentials | None":
    """Read what profiles are signed with; None where they are not signed.

    Args:
        settings: all options.
        provider: whose profile it is; None for what counts for all of them.

    Raises:
        SettingsError: the files cannot be used, each mistake with its option and its file.
    """
    own = None if provider is None else ProfileFiles.of(provider.profile)
    files = own or ProfileFiles.of(profile_settings(settings))
    if files is None:
        return None
    from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- 19 MB

    whose = None if own is None or provider is None else provider.name
    return load_credentials(files, datetime.now(UTC), whose)


def check_profiles(settings: Settings, store: Store) -> None:
    """See whether the profiles of each provider can be signed, and are of use, as it is said of it.

    A providers file is refused where one cannot. Of a database it is told: there are others in it,
    and it may be mended while it is served; until then such a profile is not sent. Profiles that
    are out of date are told: their day came without anybody changing anything.

    Raises:
        ProvidersError: names each provider and file.
    """
    if not isinstance(store, MemoryStore | BorrowingStore | SqlStore):
        return
    log, now = structlog.get_logger(__name__), datetime.now(UTC)
    for problem in out_of_date(profile_settings(settings), store.providers(), now):
        log.warning("profiles are out of date", reason=problem)
    if not isinstance(store, SqlStore):
        _check_signing(store)
        return
    for problem in signing_problems(store.providers(), now):
        log.error("profiles will not be sent", reason=problem)


def _check_signing(store: MemoryStore | BorrowingStore) -> None:
    errors = signing_errors(store.providers(), datetime.now(UTC))
    problems = [problem for error in errors for problem in error.problems]
    if any(error.temporary for error in errors):
        raise ProvidersUnreadable(problems)
    if problems:
        raise ProvidersError(problems)
