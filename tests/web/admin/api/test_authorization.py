"""Who may use the API: tokens in requests, and wrong ones."""

import asyncio
import gc
import tracemalloc
from collections import Counter
from typing import Any

import anyio
import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from structlog.testing import capture_logs

from waypost.admin.access.secret_text import TOKEN_PREFIX, new_secret
from waypost.admin.principal import Principal, Role
from waypost.web.admin.api import authorization
from waypost.web.admin.api.authorization import DELAYED_MAX, TokenAuthorization
from waypost.web.admin.api.problems import ApiError, add_problem_handlers

GOOD = new_secret(TOKEN_PREFIX)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _authenticate(secret: str, remote: str | None) -> Principal | None:
    return Principal("panel", "token", Role.READ, remote=remote) if secret == GOOD else None


def _app(clock: Clock, delay: float = 0.0) -> FastAPI:
    app = FastAPI()
    find = TokenAuthorization(_authenticate, clock, delay)

    @app.get("/api/v1/me")
    async def me(principal: Principal = Depends(find)) -> dict[str, Any]:  # noqa: B008
        return {"name": principal.name, "remote": principal.remote}

    add_problem_handlers(app)
    return app


async def _get(app: FastAPI, *values: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        headers = [("authorization", value) for value in values]
        return await client.get("/api/v1/me", headers=headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_a_token_is_accepted(scheme: str) -> None:
    """The scheme may be in any case (RFC 9110 s11.1)."""
    answer = anyio.run(_get, _app(Clock()), f"{scheme} {GOOD}")
    assert (answer.status_code, answer.json()) == (200, {"name": "panel", "remote": "192.0.2.7"})


REFUSED = [
    # the values of Authorization, the error in the challenge
    ((), None),
    (("Bearer",), "invalid_token"),
    (("Bearer ",), "invalid_token"),
    ((GOOD,), "invalid_token"),
    ((f"Basic {GOOD}",), "invalid_token"),
    ((f"Bearer {GOOD[:-1]}",), "invalid_token"),
    ((f"Bearer {GOOD} x",), "invalid_token"),
    ((f"Bearer {GOOD}, Bearer {GOOD}",), "invalid_token"),
    ((f"Bearer {GOOD}", f"Bearer {GOOD}"), "invalid_token"),
    ((f"Bearer {new_secret(TOKEN_PREFIX)}",), "invalid_token"),
    (("Bearer " + "a" * 60_000,), "invalid_token"),
]


@pytest.mark.parametrize(("values", "error"), REFUSED)
def test_other_requests_are_refused(values: tuple[str, ...], error: str | None) -> None:
    """The answer is a problem document with a challenge (RFC 6750 s3), and never a token."""
    answer = anyio.run(_get, _app(Clock()), *values)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["code"] == "unauthorized"
    challenge = 'Bearer realm="Waypost"' + (f', error="{error}"' if error else "")
    assert answer.headers["www-authenticate"] == challenge
    assert GOOD not in answer.text


def test_wrong_tokens_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 50, most are refused at once and some are delayed; a valid token works; one log line."""
    monkeypatch.setattr(authorization, "DELAYED_MAX", 3)
    wrong = f"Bearer {new_secret(TOKEN_PREFIX)}"
    app = _app(Clock(), delay=600)
    statuses: list[int] = []

    async def attack() -> None:
        all_but_delayed = anyio.Event()

        async def send() -> None:
            statuses.append((await _get(app, wrong)).status_code)
            if len(statuses) == 47:
                all_but_delayed.set()

        for _ in range(10):
            await send()
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(send)
            with anyio.fail_after(60):
                await all_but_delayed.wait()
            assert (await _get(app, f"Bearer {GOOD}")).status_code == 200
            group.cancel_scope.cancel()

    with capture_logs() as lines:
        anyio.run(attack)
    assert (statuses.count(401), statuses.count(429)) == (10, 37)
    assert [line["event"] for line in lines] == ["wrong API token; request refused"]
    assert wrong[7:] not in repr(lines)


class FrozenLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is set by the test, so that no delay takes time."""

    now = 1000.0

    def time(self) -> float:
        """Return the time of the test."""
        return self.now


def _request(secret: str, client: str) -> Request:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "headers": headers, "client": (client, 4000)})


@pytest.mark.slow
def test_ten_thousand_wrong_tokens() -> None:
    """From one /64 they cost bounded memory, all are answered, and another token works."""
    # In each second, 100 are sent at once: one is answered (ten in the first second), 50 are
    # delayed by a second, and the others are refused. A log line is written once a minute.
    wrong = [new_secret(TOKEN_PREFIX) for _ in range(10_000)]
    statuses: Counter[int] = Counter()
    memory: list[int] = []

    async def attack(loop: FrozenLoop) -> None:
        find = TokenAuthorization(_authenticate, loop.time)
        for second in range(1, 101):
            all_but_delayed = asyncio.Event()

            async def send(secret: str, count: int, event: asyncio.Event) -> None:
                try:
                    await find(_request(secret, f"2001:db8::{statuses.total():x}"))
                except ApiError as error:
                    statuses[error.status] += 1
                if statuses.total() == count:
                    event.set()

            count = 100 * second - DELAYED_MAX
            async with asyncio.TaskGroup() as group:
                for secret in wrong[100 * (second - 1) : 100 * second]:
                    group.create_task(send(secret, count, all_but_delayed))
                await all_but_delayed.wait()
                valid = await find(_request(GOOD, "198.51.100.7"))
                assert valid.name == "panel"
                assert statuses.total() == count
                loop.now += 1
            if second == 88:  # Not earlier, because a traced program is slow.
                tracemalloc.start()
            if second in {90, 100}:
                gc.collect()
                memory.append(tracemalloc.get_traced_memory()[0])

    try:
        with capture_logs() as lines, asyncio.Runner(loop_factory=FrozenLoop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, FrozenLoop)
            runner.run(attack(loop))
    finally:
        tracemalloc.stop()
    assert statuses == {401: 10 + 99 + 100 * DELAYED_MAX, 429: 40 + 99 * 49}
    assert memory[1] - memory[0] < 20_000
    expected = ["wrong API token; request refused"] * 2
    assert [line["event"] for line in lines] == expected
    assert [secret for secret in wrong if secret in repr(lines)] == []
