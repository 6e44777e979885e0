"""What a page needs to know about one request, and the ways to answer it."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from fastapi import Request, Response

from waypost.admin.access.sessions import AdminSession, Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.checks.monitor_results import MonitorReader
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal, Role
from waypost.admin.source import AdminSource
from waypost.web.admin.pages.forms import Form
from waypost.web.admin.pages.oidc import OidcSignIn
from waypost.web.admin.pages.rendering import Renderer
from waypost.web.admin.pages.traffic import Traffic
from waypost.web.admin.pages.urls import url

HOME: Final = "/admin/"
SIGN_IN: Final = "/admin/sign-in"
DOCTORS_MAX: Final = 4
NAMES_MAX: Final = 500
"""How many providers or directories a page offers; a text field also takes the others."""


@dataclass(frozen=True, slots=True)
class PagesContext:
    """What the pages of one process need.

    Attributes:
        source: the domains.
        tokens: the tokens of the API.
        sessions: the sign-in links and the sessions.
        renderer: renders the templates.
        traffic: the requests of mail clients.
        doctor_slots: how many reports of the doctor may be made at once.
        monitor: reads the last results of the monitor.
        oidc: the sign-in at an OpenID provider; None without it.
    """

    source: AdminSource
    tokens: Tokens
    sessions: Sessions
    renderer: Renderer
    traffic: Traffic
    doctor_slots: threading.Semaphore
    monitor: MonitorReader
    oidc: OidcSignIn | None = None


@dataclass(frozen=True)
class Visit:
    """One request of a person.

    Attributes:
        context: what the pages need.
        request: the request; its body has been read.
        session: the session of the person; None before the sign-in.
        form: the fields of the body; empty for a GET.
    """

    context: PagesContext
    request: Request
    session: AdminSession | None = None
    form: Form = field(default_factory=Form)

    @property
    def remote(self) -> str | None:
        """The address that the request came from."""
        return None if self.request.client is None else self.request.client.host

    @cached_property
    def principal(self) -> Principal:
        """The person who is signed in."""
        if self.session is None:
            raise TypeError("this page needs a session")
        return self.session.principal(self.remote)

    @cached_property
    def admin(self) -> Admin:
        """The use cases for the person."""
        return Admin(self.context.source, self.principal)

    @property
    def can_write(self) -> bool:
        """Whether the person may change domains, and these can be changed here."""
        return self.principal.role is Role.WRITE and self.context.source.engine is not None

    @property
    def can_write_all(self) -> bool:
        """Whether the person may also change providers and directories."""
        return self.can_write and not self.principal.is_tenant

    def provider_names(self) -> list[str]:
        """Return the names of the first providers that the person sees, at most `NAMES_MAX`."""
        return self.admin.provider_names()[:NAMES_MAX]

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the query, at most 1024 characters."""
        return self.request.query_params.get(name, default)[:1024]

    def render(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Return a page."""
        known: dict[str, Any] = {
            "session": self.session,
            "csrf_text": "" if self.session is None else self.session.csrf,
            "status": status,
            "path": self.request.url.path,
            "done": self.query("done"),
            "undo": self.query("undo"),
            "can_write": False,
            "can_write_all": False,
            "is_tenant": True,
            "file": None,
            "oidc": self.context.oidc,
            "needs_database": False,
        }
        if self.session is not None:
            path = self.context.source.settings.providers
            known |= {
                "can_write": self.can_write,
                "can_write_all": self.can_write_all,
                "is_tenant": self.principal.is_tenant,
                "file": None if self.context.source.engine is not None else path or "",
            }
        languages = self.request.headers.get("accept-language", "")
        text = self.context.renderer.render(template, languages, known | values)
        return Response(text, status, media_type="text/html; charset=utf-8")


def redirect(path: str, **query: object) -> Response:
    """Return an answer that shows another page."""
    return Response(None, 303, {"location": url(path, **query)})
