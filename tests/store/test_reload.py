"""Following a providers file by steps: tests/cli/serve/test_serve_reload.py tests the whole."""

import asyncio
import errno
import gc
import os
import time
import tracemalloc
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from tests.servers.patience import PATIENCE_SECONDS
from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError, StoreUnavailable
from waypost.providers_file.pinned_pacc import pinned_path
from waypost.runtime import regular_file
from waypost.runtime.metrics import Metrics
from waypost.runtime.shared_numbers import SharedNumbers
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.store.reload import LogDeduplicator, ProvidersReloader

REJECTED = "providers file rejected; keeping the previous version"
GOOD = """[[provider]]
name = "Own"
domains = ["own.example"]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]
"""
OWN = DomainName("own.example")
BROKEN = [
    # text, a part of the message
    (b"", "no provider"),
    (b"[[provider]]\n", "name: is missing"),
    (b"[[provider]\n", "mail.toml"),
    (GOOD.encode()[:-30], "mail.toml"),
    (b"\xff\xfe[\x00", "UTF-8"),
    (b"\x00" * 100_000, "mail.toml"),
    (b"a = " + b"[" * 100_000, "mail.toml"),
    (GOOD.encode() + b"x = 1\n", "x: "),
]


@pytest.fixture(name="file")
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("waypost.store.reload.POLL_SECONDS", 0.005)
    file = tmp_path / "mail.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def says(metrics: Metrics, line: str) -> bool:
    return line in generate_latest(metrics.registry).decode().splitlines()


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_broken_file_changes_nothing(file: Path, text: bytes, said: str) -> None:
    """For any bad file in its place, the previous version is served, and one error is logged."""
    metrics = Metrics()
    domains = MemoryDomains(None, metrics)

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, metrics)
        reloader.start()
        watch = asyncio.create_task(reloader.watch())
        file.write_bytes(text)  # noqa: ASYNC240 -- a moment
        async with asyncio.timeout(20):
            while not says(metrics, "waypost_providers_reload_ok 0.0"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert await domains.find(OWN) is not None
        file.write_text(GOOD, encoding="utf-8")  # noqa: ASYNC240 -- a moment
        async with asyncio.timeout(20):
            while not says(metrics, "waypost_providers_reload_ok 1.0"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    reasons = [line["reason"] for line in lines if line["event"] == REJECTED]
    assert len(reasons) == len(set(reasons))
    assert any(said in reason for reason in reasons), reasons
    assert says(metrics, 'waypost_providers_reloads_total{result="failed"} 1.0')


def test_broken_from_the_start(file: Path) -> None:
    """A worker that starts with a broken file logs it, and has no answer until the fix."""
    file.write_text("broken", encoding="utf-8")
    domains = MemoryDomains(None)

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, Metrics())
        reloader.start()
        with pytest.raises(StoreUnavailable):
            await domains.find(OWN)
        watch = asyncio.create_task(reloader.watch())
        file.write_text(GOOD, encoding="utf-8")  # noqa: ASYNC240 -- a moment
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(0.005)
                try:
                    assert await domains.find(OWN) is not None
                except StoreUnavailable:
                    continue
                break
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    events = {line["event"] for line in lines}
    assert "no providers yet; requests fail until the file is fixed" in events


def test_requested_reload_logs_errors_again(file: Path) -> None:
    """After a request to reload, the errors are logged again, though the file has not changed."""
    file.write_text("broken", encoding="utf-8")

    def rejections() -> int:
        return [line["event"] for line in lines].count(REJECTED)

    async def work() -> None:
        reloader = ProvidersReloader(file, MemoryDomains(None), Metrics())
        reloader.start()
        watch = asyncio.create_task(reloader.watch())
        for times in (2, 3):
            reloader.request_reload()
            async with asyncio.timeout(20):
                while rejections() < times:  # noqa: ASYNC110 -- a thread sets no event
                    await asyncio.sleep(0.005)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    assert rejections() == 3


def test_one_of_several_workers_logs() -> None:
    """Of several workers that detect the same, the first one logs it."""
    shared = SharedNumbers(2)
    workers = [LogDeduplicator(shared) for _ in range(3)]

    assert [worker.is_first(7) for worker in workers] == [True, False, False]
    assert [worker.is_first(8) for worker in workers] == [True, False, False]
    assert [worker.is_first(9, 1) for worker in workers] == [True, False, False]
    assert not workers[0].is_first(8), "another subject does not get in the way"
    assert LogDeduplicator().is_first(7)
    assert LogDeduplicator().is_first(7)


FAILURES = [
    OSError(errno.EMFILE, "Too many open files"),
    OSError(errno.ENFILE, "Too many open files in system"),
    OSError(errno.EACCES, "Permission denied"),
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    MemoryError(),
]
PLACES = [
    "waypost.providers_file.document.read_regular_file",
    "waypost.providers_file.domains_file.open_regular_file",
    "waypost.providers_file.pinned_pacc.read_regular_file",
]


class Failing:
    """A file system that lets files be read only after so many attempts."""

    def __init__(self, name: str, failure: BaseException, times: int) -> None:
        """Replace a function of `waypost.runtime.regular_file`."""
        self._real = getattr(regular_file, name)
        self._failure = failure
        self.left = times

    def __call__(self, path: Path, *limit: int) -> object:
        """Fail, or call the original function."""
        self.left -= 1
        if self.left >= 0:
            raise self._failure
        return self._real(path, *limit)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_errors_of_the_system(
    file: Path, monkeypatch: pytest.MonkeyPatch, place: str, failure: BaseException
) -> None:
    """A change that could not be read is read later, without another change, after one log line."""
    monkeypatch.setattr("waypost.runtime.backoff.FIRST_SECONDS", 0.01)
    (file.parent / "list.txt").write_text("listed.example\n", encoding="utf-8")
    pinned_path(file).write_text('{"pinned": {}}', encoding="utf-8")
    domains = MemoryDomains(None)

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, Metrics())
        reloader.start()
        failing = Failing(place.rpartition(".")[2], failure, 3)
        monkeypatch.setattr(place, failing)
        watch = asyncio.create_task(reloader.watch())
        text = GOOD.replace("domains =", 'domains_file = "list.txt"\ndomains =')
        file.write_text(text, encoding="utf-8")  # noqa: ASYNC240 -- a moment
        async with asyncio.timeout(20):
            while await domains.find(DomainName("listed.example")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert failing.left < 0
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    (line,) = (line for line in lines if line["event"] == REJECTED)
    assert "cannot be read: " in line["reason"]
    assert line["action"] == "retrying until the file can be used"


@pytest.mark.slow
def test_refused_files_are_forgotten(file: Path) -> None:
    """Nothing of a refused file stays in memory, also before the garbage collector runs."""
    size = 5_000_000
    file.write_text(f"{GOOD}unknown = 1 # {'x' * size}\n", encoding="utf-8")

    async def work() -> int:
        reloader = ProvidersReloader(file, MemoryDomains(None), Metrics())
        watch = asyncio.create_task(reloader.watch())
        for _ in range(3):
            reloader.request_reload()
            await asyncio.sleep(0.3)
        # A last reading may still go on.
        end = time.monotonic() + PATIENCE_SECONDS
        kept = tracemalloc.get_traced_memory()[0]
        while kept > size / 2 and time.monotonic() < end:
            await asyncio.sleep(0.05)
            kept = tracemalloc.get_traced_memory()[0]
        watch.cancel()
        return kept

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        with capture_logs() as lines:
            kept = asyncio.run(work())
    finally:
        tracemalloc.stop()
        gc.enable()
    assert lines[0]["event"].startswith("providers file rejected")
    assert kept < size / 2


def test_certificate_that_is_good_later(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was refused for a certificate is used once the certificate is valid."""
    monkeypatch.setattr("waypost.runtime.backoff.FIRST_SECONDS", 0.01)
    domains = MemoryDomains(None)
    refusals = [ProvidersError(["cert.pem: is not valid yet"])] * 3

    def check(_store: MemoryStore) -> None:
        if refusals:
            raise refusals.pop()

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, Metrics(), check=check)
        reloader.start()
        watch = asyncio.create_task(reloader.watch())
        text = GOOD.replace("domains = [", 'domains = ["later.example", ')
        file.write_text(text, encoding="utf-8")  # noqa: ASYNC240 -- a moment
        async with asyncio.timeout(20):
            while await domains.find(DomainName("later.example")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    assert refusals == []
    (line,) = (line for line in lines if line["event"] == REJECTED)
    assert line["reason"] == "cert.pem: is not valid yet"


def test_list_that_comes_later(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing list of domains is used as soon as it exists."""
    monkeypatch.setattr("waypost.runtime.backoff.FIRST_SECONDS", 0.01)
    domains = MemoryDomains(None)

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, Metrics())
        reloader.start()
        watch = asyncio.create_task(reloader.watch())
        await asyncio.sleep(0.05)
        (file.parent / "list.txt").write_text("listed.example\n", encoding="utf-8")
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(0.005)
                try:
                    assert await domains.find(DomainName("listed.example")) is not None
                except StoreUnavailable:
                    continue
                break
        watch.cancel()

    file.write_text(GOOD + 'domains_file = "list.txt"\n', encoding="utf-8")
    asyncio.run(work())


@pytest.mark.parametrize("name", ["mail.toml", "list.txt", "mail.toml.pacc.json"])
def test_fifo(file: Path, name: str) -> None:
    """A FIFO in place of a file is refused, and the next good file is used."""
    (file.parent / "list.txt").write_text("listed.example\n", encoding="utf-8")
    file.write_text(GOOD + 'domains_file = "list.txt"\n', encoding="utf-8")
    domains, metrics = MemoryDomains(None), Metrics()
    path = file.parent / name

    async def work() -> None:
        reloader = ProvidersReloader(file, domains, metrics)
        reloader.start()
        watch = asyncio.create_task(reloader.watch())
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        reloader.request_reload()
        async with asyncio.timeout(20):
            while not says(metrics, "waypost_providers_reload_ok 0.0"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        path.unlink()
        (file.parent / "list.txt").write_text("other.example\n", encoding="utf-8")
        file.write_text(GOOD + 'domains_file = "list.txt"\n', encoding="utf-8")  # noqa: ASYNC240
        async with asyncio.timeout(20):
            while await domains.find(DomainName("other.example")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        watch.cancel()

    with capture_logs() as lines:
        asyncio.run(work())
    reasons = [line["reason"] for line in lines if line["event"] == REJECTED]
    assert any("is a FIFO" in reason for reason in reasons)
