"""Waypost as a WSGI application (PEP 3333), for any WSGI server and below any path of another site.

    gunicorn waypost.wsgi:app

It is `waypost.asgi` in an event loop of a thread, which the first request starts: a server that
forks after the import has a thread in each of its processes. docs/decisions/0025-library.md
explains why no library does this.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from waypost.asgi import AsgiApp
from waypost.formats.autodiscover.request import BODY_MAX_BYTES

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_Answer = tuple[int, list[tuple[str, str]], bytes]


class WsgiApp:
    """A WSGI application around an ASGI application. Several threads may call it."""

    def __init__(self, asgi: AsgiApp) -> None:
        """Initialize with the ASGI application; no thread is started yet."""
        self._asgi = asgi
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request.

        Raises:
            SettingsError: the settings have mistakes.
            StoreError: the database cannot be used as it is.
        """
        coroutine = _answer(self._asgi, _scope(environ), _body(environ))
        status, headers, body = asyncio.run_coroutine_threadsafe(
            coroutine, self._running_loop()
        ).result()
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def close(self) -> None:
        """Close the store and the directories, and end the thread; a later request starts both."""
        with self._lock:
            loop, self._loop = self._loop, None
            thread, self._thread = self._thread, None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(self._asgi.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                run = partial(_run, self._loop)
                self._thread = Thread(target=run, name="waypost", daemon=True)
                self._thread.start()
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(_end_tasks())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(asgi: AsgiApp, scope: dict[str, Any], body: bytes) -> _Answer:
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 -- ASGI's
        messages.append(message)

    await asgi(scope, receive, send)
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in messages[0]["headers"]]
    response_body = b"".join(message.get("body", b"") for message in messages[1:])
    return messages[0]["status"], headers, response_body


def _scope(environ: "WSGIEnvironment") -> dict[str, Any]:
    """Return the ASGI scope of a request.

    PEP 3333, "Unicode Issues": texts of the request are bytes, decoded as ISO-8859-1.
    """
    root_path = _decode(environ, "SCRIPT_NAME")
    peer = environ.get("REMOTE_ADDR")
    port = environ.get("SERVER_PORT", "")
    return {
        "type": "http",
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "root_path": root_path,
        "path": f"{root_path}{_decode(environ, 'PATH_INFO')}",
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": [*_headers(environ)],
        "client": (peer, 0) if peer else None,
        "server": (environ.get("SERVER_NAME", ""), int(port) if port.isdigit() else None),
    }


def _headers(environ: "WSGIEnvironment") -> Iterable[tuple[bytes, bytes]]:
    for key, value in environ.items():
        name = key.removeprefix("HTTP_")
        if name != key or (key in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value):
            yield name.lower().replace("_", "-").encode("latin-1"), value.encode("latin-1")


def _decode(environ: "WSGIEnvironment", key: str) -> str:
    raw: str = environ.get(key, "")
    return raw.encode("latin-1").decode("utf-8", "replace")


def _body(environ: "WSGIEnvironment") -> bytes:
    """Read the body, but no more of it than shows that it is too long."""
    limit = BODY_MAX_BYTES + 1
    length = environ.get("CONTENT_LENGTH", "")
    if not environ.get("wsgi.input_terminated"):
        limit = min(limit, int(length) if length.isdigit() else 0)
    body: bytes = environ["wsgi.input"].read(limit) if limit > 0 else b""
    return body


app: Final = WsgiApp(AsgiApp())
