"""From settings to the parts of a running Waypost."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from waypost.core.errors import SettingsError
from waypost.demo import demo_catalog
from waypost.directory.directories import Directories
from waypost.lookup.lookup import DomainFinder, FreshDomains, Lookup
from waypost.profiles.files import ProfileFiles
from waypost.profiles.signers import ProfileSigners
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
from waypost.store.external import ExternalDomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.store.reload import LogDeduplicator, ProvidersReloader
from waypost.wiring.directories import open_directories
from waypost.wiring.links import (
    open_authenticator,
    open_link_service,
    open_openid,
    open_password_service,
)
from waypost.wiring.profiles import check_signing, profile_settings
from waypost.wiring.stores import open_external_domains
from waypost.wiring.timed_parts import TimedDomains, TimedUsers

if TYPE_CHECKING:
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
    directories, public_url = open_directories(settings, metrics), settings.public_url
    times = PartTimes()
    users = TimedUsers(directories, times)
    if settings.demo:
        demo = MemoryDomains(MemoryStore(demo_catalog()), metrics)
        lookup = Lookup(demo, users, public_url)
        return Runtime(demo, lookup, directories, None, metrics, times=times)
    if settings.providers is not None:
        domains = ExternalDomainCache(open_external_domains, _limits(settings), metrics)
        reloader = ProvidersReloader(
            settings.providers, domains, metrics, deduplicator, check_signing
        )
        reloader.start()
        lookup = Lookup(TimedDomains(domains, times), users, public_url)
        return Runtime(domains, lookup, directories, None, metrics, reloader=reloader, times=times)
    from waypost.wiring.database import open_database_cache  # noqa: PLC0415 -- SQLAlchemy

    cache, initdb, rows = open_database_cache(settings, _limits(settings), metrics)
    lookup = Lookup(TimedDomains(cache, times), users, public_url)
    return Runtime(cache, lookup, directories, initdb, metrics, times=times, link_rows=rows)


def _limits(settings: Settings) -> CacheLimits:
    return CacheLimits(
        ttl_seconds=settings.cache_ttl,
        stale_if_error_seconds=settings.stale_if_error,
        size=settings.cache_size,
        negative_size=settings.cache_negative_size,
    )


def address_hasher(settings: Settings) -> AddressHasher:
    """Return the hasher of addresses in the log.

    Raises:
        SettingsError: `log_key` was not set before the workers were started.
    """
    if settings.log_key is None:
        raise SettingsError(["log_key: has no value; all workers need the same value"])
    return AddressHasher(settings.log_key, show=settings.log_addresses)
