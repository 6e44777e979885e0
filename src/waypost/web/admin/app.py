"""The whole application of the admin listener, with the API and the pages."""

from dataclasses import dataclass, field

from fastapi import FastAPI

from waypost import __version__
from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.source import AdminSource
from waypost.database.engine import Engine, open_engine
from waypost.settings import Settings
from waypost.web.admin.api.mount import add_api, add_description
from waypost.web.admin.early_routes import add_early_routes
from waypost.web.admin.early_urls import EarlyUrls
from waypost.web.admin.guard import AccessGuard
from waypost.web.admin.pages.mount import add_pages
from waypost.web.admin.pages.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Administration:
    """What the API and the pages need.

    Attributes:
        source: the domains.
        tokens: the tokens of the API.
        sessions: the sign-in links and the sessions of the pages.
        traffic: the requests of mail clients, for the pages.
    """

    source: AdminSource
    tokens: Tokens
    sessions: Sessions
    traffic: Traffic = field(default_factory=Traffic)


def administration(settings: Settings, engine: Engine | None, traffic: Traffic) -> Administration:
    """Return what the API and the pages need; no connection to a database is made yet.

    Tokens are in the database of `db_uri`, also if the domains are in a providers file.

    Args:
        settings: all options.
        engine: the database of the domains; None if they are in a providers file.
        traffic: the requests of mail clients.

    Raises:
        StoreError: the URI of the database cannot be used.
    """
    access = engine or open_engine(settings.db_uri, settings.db_echo, has_timeouts=True)
    days = settings.audit_retention_days
    return Administration(
        AdminSource(settings, engine, access),
        Tokens(access, retention_days=days),
        Sessions(access, retention_days=days),
        traffic,
    )


def create_app(urls: EarlyUrls, administration: Administration | None = None) -> FastAPI:
    """Build the application.

    The application describes itself at /api/v1/openapi.json. FastAPI's documentation pages are
    disabled, because they load scripts from another server.

    Args:
        urls: those that answer from the start, too.
        administration: what the API and the pages need; None without them.

    Raises:
        SettingsError: a file of `languages_dir` is not valid.
    """
    app = FastAPI(
        title="Waypost",
        summary="For operators and their web server",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Caddy does not follow redirects: a redirect counts as a refusal.
        telemetry={"tracing": False, "metrics": False, "logs": False},  # Waypost has its own.
    )
    admin_url = None if administration is None else administration.source.settings.admin_url
    app.add_middleware(AccessGuard, admin_url=admin_url)
    add_description(app)
    add_early_routes(app.router, urls)
    if administration is not None:
        source, tokens = administration.source, administration.tokens
        add_api(app, source, tokens)
        add_pages(app, source, tokens, administration.sessions, administration.traffic)
    return app
