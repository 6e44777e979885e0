"""Who may use the API: tokens in requests, and wrong ones."""

from typing import Any

import anyio
import httpx
import pytest
from fastapi import Depends, FastAPI
from structlog.testing import capture_logs

from waypost.admin.access.secret_text import TOKEN_PREFIX, new_secret
from waypost.admin.principal import Principal, Role
from waypost.web.admin.api import authorization
from waypost.web.admin.api.authorization import TokenAuthorization
from waypost.web.admin.api.problems import add_problem_handlers

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


def test_ten_thousand_wrong_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are delayed, and most are refused at once; a valid token still works; one log line."""
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
