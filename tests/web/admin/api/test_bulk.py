"""Many domains at once by the API."""

import json
import resource
import threading
import time
from typing import Any

import anyio
import anyio.to_thread
import pytest
from starlette.types import Message, Scope, Send

from tests.web.admin.api.api_client import READER, Api, ApiClient
from waypost.admin import bulk as bulk_case
from waypost.store.sql.audit_log import write_audits
from waypost.web.admin.api import bulk

URL = "/api/v1/domains:bulk"
SERVICES = [{"type": "imap", "host": "imap.example.net"}]


def _put(name: str, **more: object) -> dict[str, Any]:
    return {"name": name, "provider": "Example Network", "services": SERVICES, **more}


def _send(client: ApiClient, *lines: object, **parameters: object) -> list[dict[str, Any]]:
    body = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
    answer = client.post(URL, content=body, params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def _names(client: ApiClient) -> set[str]:
    answer = client.get("/api/v1/domains:export")
    return {json.loads(line)["name"] for line in answer.text.splitlines()}


def test_a_thousand_domains_in_one_transaction(api: Api) -> None:
    """Progress lines come first; the last line has the plan; the export has all domains."""
    client = api.client()
    before = _names(client)
    lines = [_put(f"d{number}.example.test") for number in range(1000)]
    *progress, end = _send(client, *lines, {"op": "delete", "name": "example.org"})
    assert progress
    assert all(set(line) == {"progress"} for line in progress)
    assert (end["result"], end["lines"], end["mistakes"]) == ("written", 1001, 0)
    assert end["counts"] == {"added": 2000, "changed": 0, "removed": 1}
    after = _names(client)
    assert len(after - before) == 1000
    assert before - after == {"example.org"}


def test_all_or_nothing(api: Api) -> None:
    """Each mistake has its line; then nothing is written. A dry run writes nothing either."""
    client = api.client()
    before = _names(client)
    *_, end = _send(client, _put("new.example"), dry_run=1)
    assert end["result"] == "planned"
    answer = _send(
        client,
        _put("new.example"),
        _put("other.example", provider="Unknown"),
        _put("third.example", services=[{"type": "imap", "host": "x", "port": 0}]),
        {"op": "delete", "name": "missing.example"},
        {"op": "add", **_put("example.com")},
    )
    mistakes = {(line["line"], line["path"]) for line in answer if "line" in line}
    assert mistakes == {(2, "provider"), (3, "services[0].port"), (4, ""), (5, "name")}
    assert (answer[-1]["result"], answer[-1]["mistakes"]) == ("rejected", 4)
    assert _names(client) == before


LINES = {
    "cut": b"{",
    "list": b"[]",
    "null": b"null",
    "text": b'"a"',
    "op": b'{"op": "steal", "name": "a.example"}',
    "number": b'{"name": 1}',
    "no-name": b"{}",
    "twice": b'{"name": "a.example", "name": "b.example"}',
    "bad": b'{"name": "-"}',
    "utf-8": b"\xff",
    "nested": b"[" * 100_000,
    "huge": b'{"name": "' + b"a" * 2_000_000 + b'"}',
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines_that_are_no_domains(api: Api, line: bytes) -> None:
    """Such a line is a mistake with its number, and the other lines are not written."""
    client = api.client()
    before = _names(client)
    answer = _send(client, _put("new.example"), line)
    assert [one["line"] for one in answer if "line" in one] == [2]
    assert answer[-1]["result"] == "rejected"
    assert _names(client) == before


def test_who_may_change_many(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader is refused before the body is read, and a body that is too long is refused."""
    refused = api.client(READER).post(URL, content=b"{}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    monkeypatch.setattr(bulk, "BODY_MAX_BYTES", 100)
    long = api.client().post(URL, content=b" " * 101)
    assert (long.status_code, long.json()["code"]) == (413, "too_large")


def test_lines_that_never_end(api: Api) -> None:
    """Neither one endless line nor endless empty lines take more memory or time than others."""
    client = api.client()
    endless, after, end = _send(client, b'"' + b"x" * (3 * bulk_case.LINE_MAX_BYTES), b"no JSON")
    assert (endless["line"], after["line"], end["lines"]) == (1, 2, 2)
    empty = _send(client, b"\n" * (bulk_case.LINES_MAX + 10_000))
    assert empty[-1]["mistakes"] == bulk_case.MISTAKES_MAX
    assert "lines" in empty[0]["message"]


def test_a_line_of_mistakes(api: Api) -> None:
    """A line with very many values is refused before each of them is a mistake."""
    zeros = b'{"name": "new.example", "services": [' + b"0," * 30_000 + b"0]}"
    mistake, end = _send(api.client(), zeros)
    assert "commas" in mistake["message"]
    assert end["mistakes"] == 1


def test_an_export_that_is_not_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports whose clients do not read hold no connection of the database, and are limited."""
    monkeypatch.setattr(bulk, "_BLOCK_BYTES", 10)
    client = api.client()

    async def use() -> tuple[list[int], list[int]]:
        unread: list[int] = []
        started = anyio.Event()

        async def stop_reading(message: Message) -> None:
            if message["type"] == "http.response.body":
                await anyio.sleep_forever()
            unread.append(message["status"])
            if len(unread) == bulk.STREAMS_MAX_EACH:
                started.set()

        async def read(message: Message) -> None:
            if message["type"] == "http.response.start":
                read_statuses.append(message["status"])

        read_statuses: list[int] = []
        async with anyio.create_task_group() as tasks:
            for _ in range(bulk.STREAMS_MAX_EACH):
                tasks.start_soon(_export, api, client, stop_reading)
            await started.wait()
            await _export(api, client, read)
            await anyio.to_thread.run_sync(_wait_for_connections, api)
            tasks.cancel_scope.cancel()
        await _export(api, client, read)
        return unread, read_statuses

    assert anyio.run(use) == ([200] * bulk.STREAMS_MAX_EACH, [429, 200])


@pytest.mark.parametrize("path", ["/api/v1/domains:bulk", "/api/v1/domains/new.example"])
def test_a_client_that_goes_away(api: Api, path: str) -> None:
    """A connection that ends in the middle of a body is no defect, and changes nothing."""
    client = api.client()
    ended: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b'{"name": ', "more_body": True},
    ]
    statuses: list[int] = []

    async def receive() -> Message:
        return ended.pop()

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    method = "POST" if path.endswith("bulk") else "PUT"
    anyio.run(api.app, _scope(client, method, path), receive, send)
    assert statuses[0] == 400
    assert client.get("/api/v1/domains/new.example").status_code == 404


def test_a_bulk_change_whose_answer_is_not_read(api: Api) -> None:
    """All lines are written, also if the client goes away after the first line of the answer."""
    client = api.client()
    lines = [_put(f"d{number}.example.test") for number in range(600)]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    begun = anyio.Event()

    async def receive() -> Message:
        if not requests:
            await anyio.sleep_forever()
        return requests.pop()

    async def stop_reading(message: Message) -> None:
        if message["type"] == "http.response.body":
            begun.set()
            await anyio.sleep_forever()

    async def use() -> None:
        async with anyio.create_task_group() as tasks:
            scope = _scope(client, "POST", "/api/v1/domains:bulk")
            tasks.start_soon(api.app, scope, receive, stop_reading)
            await begun.wait()
            tasks.cancel_scope.cancel()

    anyio.run(use)
    # The first line of the answer may come before the transaction begins.
    end = time.monotonic() + 60
    while not {line["name"] for line in lines} <= _names(client):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_bulk_change_that_goes_on_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change whose client has gone counts until it ends, also if it waits for the database."""
    monkeypatch.setattr(bulk, "STREAMS_MAX_EACH", 1)
    monkeypatch.setattr(bulk_case, "_AT_ONCE", 1)
    client = api.client()
    body = b"".join(json.dumps(_put(f"d{n}.example.test")).encode() + b"\n" for n in range(3))
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    is_held, may_end = threading.Event(), threading.Event()

    def wait_and_write(*arguments: Any) -> None:
        is_held.set()
        may_end.wait(60)
        write_audits(*arguments)

    monkeypatch.setattr(bulk_case, "write_audits", wait_and_write)
    begun = anyio.Event()

    async def receive() -> Message:
        if not requests:
            await anyio.sleep_forever()
        return requests.pop()

    async def stop_reading(message: Message) -> None:
        if message["type"] == "http.response.body":
            begun.set()
            await anyio.sleep_forever()

    statuses: list[int] = []

    async def read(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def use() -> None:
        async with anyio.create_task_group() as tasks:
            scope = _scope(client, "POST", "/api/v1/domains:bulk")
            tasks.start_soon(api.app, scope, receive, stop_reading)
            await begun.wait()
            await anyio.to_thread.run_sync(is_held.wait, 60)
            tasks.cancel_scope.cancel()
        await _export(api, client, read)
        may_end.set()
        await anyio.to_thread.run_sync(_wait_for_connections, api)
        with anyio.fail_after(60):
            while statuses[-1] != 200:
                await anyio.sleep(0.01)
                await _export(api, client, read)

    anyio.run(use)
    assert (statuses[0], statuses[-1]) == (429, 200)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_export_on_a_full_disk(api: Api) -> None:
    """An export that the disk has no room for does not end as if it were complete."""
    client = api.client()
    _send(client, *(_put(f"d{number}.example.test") for number in range(200)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # Python ignores SIGXFSZ.
    try:
        with pytest.raises(RuntimeError, match="could not be made"):
            client.get("/api/v1/domains:export")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _export(api: Api, client: ApiClient, send: Send) -> None:
    """Send a request, and let a function get the answer."""
    requests: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not requests:
            await anyio.sleep_forever()
        return requests.pop()

    await api.app(_scope(client, "GET", "/api/v1/domains:export"), receive, send)


def _scope(client: ApiClient, method: str, path: str) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in client.headers.items()],
    }


def _wait_for_connections(api: Api) -> None:
    """Wait until all connections of the database are back."""
    end = time.monotonic() + 60
    while api.connections_in_use():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_next_one_waits_for_the_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export right after another one waits until that has ended, and is not refused."""
    monkeypatch.setattr(bulk, "STREAMS_MAX_EACH", 1)
    monkeypatch.setattr(bulk, "WAIT_SECONDS", 60.0)
    client = api.client()
    statuses: list[int] = []

    async def use() -> None:
        has_started, first = anyio.Event(), anyio.CancelScope()

        async def stop_reading(message: Message) -> None:
            if message["type"] == "http.response.body":
                has_started.set()
                await anyio.sleep_forever()

        async def begin() -> None:
            with first:
                await _export(api, client, stop_reading)

        async def read(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(begin)
            await has_started.wait()
            tasks.start_soon(_export, api, client, read)
            await anyio.sleep(0.1)
            assert not statuses
            first.cancel()

    anyio.run(use)
    assert statuses == [200]


def test_streams_of_many_principals(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit for one principal, and one for all; other requests are not limited."""
    monkeypatch.setattr(bulk, "STREAMS_MAX_EACH", 0)
    client = api.client()
    for answer in (client.post(URL, content=b""), client.get("/api/v1/domains:export")):
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    monkeypatch.setattr(bulk, "STREAMS_MAX_EACH", 1)
    for _ in range(2):
        assert client.post(URL, content=b"no JSON").status_code == 200
        assert client.get("/api/v1/domains:export").status_code == 200
    monkeypatch.setattr(bulk, "STREAMS_MAX", 0)
    assert client.post(URL, content=b"").status_code == 429
    assert client.get("/api/v1/domains").status_code == 200
