"""Waypost as an ASGI application, for any ASGI server and below any path of another site.

    uvicorn waypost.asgi:app
    site.mount("/", waypost.asgi.app)        # Starlette, FastAPI

The settings are those of `waypost serve`: the environment (`WAYPOST_...`) and the settings file.
Options of the listener and of its processes have no effect: that is the server's part.
`/initdb/` is always 404: only Waypost's own server knows which process is connected to it.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from waypost.core.errors import WaypostError
from waypost.runtime.logs import configure
from waypost.settings import Settings, load_from_process, secret_texts
from waypost.web.public.app import PublicApp
from waypost.web.public.request import Receive, Scope, Send

LoadSettings = Callable[[], tuple[Settings, Sequence[str]]]
"""Returns the settings, and the warnings about them."""


def process_settings() -> tuple[Settings, Sequence[str]]:
    """Return the settings of this process, from its environment and its settings file.

    Raises:
        SettingsError: with all mistakes of all sources.
    """
    loaded = load_from_process({})
    return loaded.settings, loaded.warnings


class AsgiApp:
    """An ASGI application that reads its settings when it is started.

    A server starts and stops it by the lifespan protocol. A site that mounts it may not forward
    this protocol: then the first request starts it, in the event loop of that request.
    """

    def __init__(self, load: LoadSettings = process_settings) -> None:
        """Initialize with the function that reads the settings; nothing is read or opened yet."""
        self._load = load
        self._app: PublicApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope.

        Raises:
            SettingsError: the settings have mistakes, and there was no lifespan.
            StoreError: the database cannot be used as it is, and there was no lifespan.
        """
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self.start()(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})  # The server answers 403.

    def start(self) -> PublicApp:
        """Start it in the running event loop, if it is not running; return what answers requests.

        Raises:
            SettingsError: the settings have mistakes.
            StoreError: the database cannot be used as it is.
        """
        if self._app is None:
            loaded, warnings = self._load()
            settings = _for_any_server(loaded)
            _configure_log(settings)
            for warning in warnings:
                structlog.get_logger(__name__).warning("warning in the settings", reason=warning)
            app = PublicApp(settings)
            app.open()
            self._app = app
        return self._app

    async def stop(self) -> None:
        """Close the store and the directories; a later request starts it again."""
        app, self._app = self._app, None
        if app is not None:
            await app.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    self.start()
                except WaypostError as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _for_any_server(settings: Settings) -> Settings:
    """Return the settings without what only Waypost's own server can do safely."""
    overrides: dict[str, object] = {"initdb": False, "unix_socket": None}
    if settings.log_key is None:
        overrides["log_key"] = secrets.token_hex(16)
    return settings.model_copy(update=overrides)


def _configure_log(settings: Settings) -> None:
    """Configure Waypost's own log, unless the site has configured the same library."""
    if not structlog.is_configured():
        level, log_format = settings.loglevel, settings.log_format
        configure(level, log_format, secrets=secret_texts(settings), configure_stdlib_log=False)


app: Final = AsgiApp()
