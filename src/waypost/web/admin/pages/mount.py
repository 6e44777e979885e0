"""The pages as a part of the application of the admin listener."""

import threading
from functools import cache

from fastapi import APIRouter, FastAPI, Response
from starlette.routing import BaseRoute

from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.checks.monitor_results import MonitorReader
from waypost.admin.source import AdminSource
from waypost.settings import monitor_folder
from waypost.web.admin.pages.assets import add_assets
from waypost.web.admin.pages.languages import read_admin_languages
from waypost.web.admin.pages.oidc import open_oidc
from waypost.web.admin.pages.rendering import Renderer
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.traffic import Traffic
from waypost.web.admin.pages.views.access import add_access
from waypost.web.admin.pages.views.audit import add_audit
from waypost.web.admin.pages.views.directories import add_directories
from waypost.web.admin.pages.views.domain import add_domain
from waypost.web.admin.pages.views.domain_edit import add_domain_edit
from waypost.web.admin.pages.views.domains import add_domains
from waypost.web.admin.pages.views.oidc import add_oidc
from waypost.web.admin.pages.views.overview import add_overview
from waypost.web.admin.pages.views.providers import add_providers
from waypost.web.admin.pages.views.tokens import add_tokens
from waypost.web.admin.pages.views.wizard import add_wizard
from waypost.web.admin.pages.visit import DOCTORS_MAX, PagesContext, Visit


def add_pages(
    app: FastAPI, source: AdminSource, tokens: Tokens, sessions: Sessions, traffic: Traffic
) -> None:
    """Add the pages to an application.

    Args:
        app: the application of the admin listener.
        source: the domains.
        tokens: the tokens of the API.
        sessions: the sign-in links and the sessions.
        traffic: the requests of mail clients.

    Raises:
        SettingsError: a file of `languages_dir` is not valid.
    """
    oidc = open_oidc(source.settings)
    app.state.pages = PagesContext(
        source,
        tokens,
        sessions,
        Renderer(read_admin_languages(source.settings.languages_dir)),
        traffic,
        threading.Semaphore(DOCTORS_MAX),
        MonitorReader(monitor_folder(source.settings)),
        oidc,
    )
    if oidc is not None:
        # First, because the last routes of the other pages have every URL below /admin/.
        add_oidc(Routes(app.router), oidc)
    app.router.routes.extend(_routes())


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes, which find what an application has in its state."""
    router = APIRouter()
    add_assets(router)
    routes = Routes(router)
    add_access(routes)
    add_domains(routes)
    add_domain(routes)
    add_domain_edit(routes)
    add_audit(routes)
    add_overview(routes)
    add_wizard(routes)
    add_providers(routes)
    add_directories(routes)
    add_tokens(routes)
    # Everything else below /admin/ is a page, too, so that it has the same headers.
    routes.get("/admin/{rest:path}", not_found)
    routes.post("/admin/{rest:path}", not_found)
    return tuple(router.routes)


def not_found(visit: Visit) -> Response:
    """Return the page about a wrong URL."""
    return visit.render("error.html", 404, message="there is no page with this address", retry=())
