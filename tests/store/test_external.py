"""Domains of other databases, in addition to those of a providers file."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.making import PROVIDER, domain, host_service
from waypost.core.address import DomainName
from waypost.core.errors import (
    DirectoryBusy,
    DirectoryError,
    DirectoryUnavailable,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    WaypostError,
)
from waypost.core.model import Catalog, ExternalDomains, Secret, SqlDirectory
from waypost.store.cache import CacheLimits
from waypost.store.external import ExternalDomainCache, ExternalStore
from waypost.store.memory import MemoryStore

DIRECTORY = SqlDirectory("one", Secret("x"), domains_query="x")
OTHER = replace(DIRECTORY, label="other")
LENT = (host_service("imap", "lent.example"),)


class Lender:
    """A database that has some domains, or fails, and counts queries."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.failure: WaypostError | None = None
        self.asked: list[str] = []
        self.closed = 0

    def has_domain(self, domain: DomainName) -> bool:
        self.asked.append(domain.ascii)
        if self.failure is not None:
            raise self.failure
        return domain.ascii in self.known

    def close(self) -> None:
        self.closed += 1


def own(*patterns: str, directories: tuple[SqlDirectory, ...] = (DIRECTORY,)) -> MemoryStore:
    """Return the store of a providers file."""
    lent = tuple(ExternalDomains(one, PROVIDER, LENT) for one in directories)
    return MemoryStore(Catalog(tuple(domain(one) for one in patterns), external_domains=lent))


def opener(**domain_sources: Lender) -> Callable[[SqlDirectory], Lender]:
    """Return a function that opens these databases."""
    return lambda directory: domain_sources[directory.label]


ORDER = [
    # request, pattern that is found, whether the database was queried
    ("own.example", "own.example", False),
    ("lent.example", "lent.example", True),
    ("a.lent.example", "a.lent.example", True),
    ("b.lent.example", "*.lent.example", True),
    ("elsewhere.test", "*", True),
]


@pytest.mark.parametrize(("asked", "pattern", "was_asked"), ORDER)
def test_order(asked: str, pattern: str, was_asked: bool) -> None:
    """An exact entry of the file comes first, then one of a database, then a pattern."""
    domain_source = Lender("own.example", "lent.example", "a.lent.example")
    store = ExternalStore(own("own.example", "*.lent.example", "*"), opener(one=domain_source))
    found = store.find(DomainName(asked))
    assert found is not None
    assert found.pattern.text == pattern
    assert (found.services == LENT) == (pattern in domain_source.known and was_asked)
    assert bool(domain_source.asked) == was_asked


def test_unknown_domain() -> None:
    """A domain in neither the file nor a database is not served."""
    assert ExternalStore(own(), opener(one=Lender())).find(DomainName("a.example")) is None


FAILURES = [
    # the database's answer, the store's answer
    (DirectoryUnavailable("away"), StoreUnavailable),
    (DirectoryBusy("busy"), StoreBusy),
    (DirectoryError("broken"), StoreError),
]


@pytest.mark.parametrize(("failure", "kind"), FAILURES)
def test_failing_database(failure: WaypostError, kind: type[WaypostError]) -> None:
    """If a database fails, no pattern answers for a domain that it may have."""
    domain_source, other = Lender(), Lender("b.example")
    domain_source.failure = failure
    file = own("own.example", "*", directories=(DIRECTORY, OTHER))
    store = ExternalStore(file, opener(one=domain_source, other=other))
    assert store.find(DomainName("own.example")) is not None
    found = store.find(DomainName("b.example"))
    assert found is not None
    assert found.services == LENT
    with pytest.raises(kind, match=str(failure)) as caught:
        store.find(DomainName("a.example"))
    assert type(caught.value) is kind


def test_databases_are_opened_once_and_closed() -> None:
    """A database is opened at its first query, and closed if a new file does not have it."""
    domain_sources = {"one": Lender("a.example"), "other": Lender()}
    opened: list[str] = []

    def open_one(directory: SqlDirectory) -> Lender:
        opened.append(directory.label)
        return domain_sources[directory.label]

    store = ExternalStore(own(directories=(DIRECTORY, OTHER)), open_one)
    assert opened == []
    for _ in range(2):
        store.find(DomainName("b.example"))
    assert opened == ["one", "other"]
    store.replace(own(directories=(OTHER,)))
    assert (domain_sources["one"].closed, domain_sources["other"].closed) == (1, 0)
    assert store.find(DomainName("a.example")) is None
    store.close()
    store.close()
    assert (domain_sources["one"].closed, domain_sources["other"].closed) == (1, 1)


def test_cache() -> None:
    """Answers of a database are cached and used while it fails; the file's own never wait."""
    domain_source = Lender("lent.example")

    async def work() -> None:
        domains = ExternalDomainCache(opener(one=domain_source), CacheLimits(ttl_seconds=3600))
        with pytest.raises(StoreUnavailable, match="providers file"):
            await domains.find(DomainName("own.example"))
        domains.replace(own("own.example", "*.pattern.example"))
        for name, served in [("lent.example", True), ("a.example", False)]:
            for _ in range(3):
                assert (await domains.find(DomainName(name)) is not None) == served
        assert domain_source.asked == ["lent.example", "a.example"]
        domain_source.failure = DirectoryUnavailable("away")
        domains.expire()
        assert await domains.find(DomainName("lent.example")) is not None
        assert await domains.find(DomainName("a.example")) is None
        assert await domains.find(DomainName("own.example")) is not None
        for name in ("new.example", "new.pattern.example"):
            with pytest.raises(StoreUnavailable, match="away"):
                await domains.find(DomainName(name))
        domains.clear()
        with pytest.raises(StoreUnavailable, match="away"):
            await domains.find(DomainName("lent.example"))
        await domains.close()

    asyncio.run(work())
    assert domain_source.closed == 1


def test_entries_in_memory() -> None:
    """Only the databases say whether a domain exists that the file does not name."""
    domain_source = Lender("lent.example", "lent.pattern.example")

    async def work() -> None:
        domains = ExternalDomainCache(opener(one=domain_source), CacheLimits(ttl_seconds=3600))
        domains.replace(own("own.example", "*.pattern.example"))
        found = domains.find_fresh(DomainName("own.example"))
        assert found is not None
        assert found[0] == await domains.find(DomainName("own.example"))
        for name in ("lent.example", "lent.pattern.example", "other.example"):
            assert domains.find_fresh(DomainName(name)) is None
            entry = await domains.find(DomainName(name))
            assert domains.find_fresh(DomainName(name)) == (entry,)
        await domains.close()

    asyncio.run(work())


def test_file_that_changes() -> None:
    """A new file is used at once: with another database, with none, and with one again."""
    first, second = Lender("a.example"), Lender("b.example")

    async def served(domains: ExternalDomainCache) -> list[bool]:
        names = ("own.example", "a.example", "b.example")
        return [await domains.find(DomainName(name)) is not None for name in names]

    async def work() -> None:
        opened = opener(one=first, other=second)
        domains = ExternalDomainCache(opened, CacheLimits(ttl_seconds=3600))
        domains.replace(own("own.example", directories=()))
        assert await served(domains) == [True, False, False]
        domains.replace(own("own.example"))
        assert await served(domains) == [True, True, False]
        domains.replace(own("own.example", directories=(OTHER,)))
        assert await served(domains) == [True, False, True]
        assert first.closed == 1
        domains.replace(own("own.example", directories=()))
        assert await served(domains) == [True, False, False]
        domains.replace(own("own.example"))
        assert await served(domains) == [True, True, False]
        await domains.close()

    asyncio.run(work())


@pytest.mark.slow
def test_database_that_answers_again() -> None:
    """The watcher queries a database that failed until it answers again."""
    domain_source = Lender("a.example")
    domain_source.failure = DirectoryUnavailable("away")

    async def work() -> None:
        domains = ExternalDomainCache(opener(one=domain_source), CacheLimits())
        watch = asyncio.create_task(domains.watch())
        await asyncio.sleep(0)
        domains.replace(own())
        with pytest.raises(StoreUnavailable):
            await domains.find(DomainName("a.example"))
        domain_source.failure = None
        async with asyncio.timeout(20):
            while len(domain_source.asked) < 2:  # noqa: ASYNC110 -- a lender of this test
                await asyncio.sleep(0.01)
        watch.cancel()
        assert domain_source.asked[1] == "waypost.invalid"
        await domains.close()

    asyncio.run(work())
