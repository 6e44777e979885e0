"""Sign in by a one-time link, sign out, and the sessions of a person."""

from typing import Final

from fastapi import Response

from waypost.admin.access.access_log import SIGN_OUT_EVERYWHERE
from waypost.admin.access.sessions import AdminSession
from waypost.admin.principal import Role
from waypost.core.errors import ObjectNotFound
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.security import delete_cookie, set_cookie
from waypost.web.admin.pages.visit import HOME, SIGN_IN, Visit, redirect

SESSIONS: Final = "/admin/sessions"


def add_access(routes: Routes) -> None:
    """Add the pages."""
    routes.get(SIGN_IN, show_sign_in, is_public=True)
    routes.post(SIGN_IN, sign_in, is_public=True)
    routes.post("/admin/sign-out", sign_out)
    routes.get(SESSIONS, show_sessions)
    routes.post("/admin/sessions/end", end_session)
    routes.post("/admin/sessions/end-all", end_all)


def show_sign_in(visit: Visit) -> Response:
    """Show a button: programs that follow links in mail must not use up the link."""
    return visit.render(
        "sign_in.html",
        link=visit.query("link"),
        problem=visit.query("problem"),
        needs_database=visit.context.source.lacks_access(),
    )


def sign_in(visit: Visit) -> Response:
    """Use up a link, and begin a session. Another session of this browser ends."""
    secret = visit.context.sessions.sign_in_by_link(visit.form.text("link"), visit.remote)
    if secret is None:
        return visit.render("sign_in.html", 401, link="", problem="link")
    end_earlier_session(visit)
    response = redirect(HOME)
    set_cookie(response, secret)
    return response


def sign_out(visit: Visit) -> Response:
    """End this session."""
    end_earlier_session(visit)
    response = redirect(SIGN_IN, problem="out")
    delete_cookie(response)
    return response


def show_sessions(visit: Visit) -> Response:
    """List the sessions of this person.

    A tenant does not see the addresses of others: several of its people may have one name.
    """
    sees_addresses = not visit.principal.is_tenant
    return visit.render(
        "sessions.html", sessions=_own_sessions(visit), sees_addresses=sees_addresses
    )


def end_session(visit: Visit) -> Response:
    """End one session of this person."""
    wanted = visit.form.text("id")
    found = [one for one in _own_sessions(visit) if one.id == wanted]
    if not found:
        raise ObjectNotFound("there is no such session")
    visit.context.sessions.end(found, by=visit.principal)
    return redirect(SESSIONS, done="ended")


def end_all(visit: Visit) -> Response:
    """End all sessions of this person, this one included."""
    own = _own_sessions(visit)
    visit.context.sessions.end(own, by=visit.principal, action=SIGN_OUT_EVERYWHERE)
    response = redirect(SIGN_IN, problem="out")
    delete_cookie(response)
    return response


def end_earlier_session(visit: Visit) -> None:
    """End the session that this browser has, if there is one."""
    if visit.session is not None:
        visit.context.sessions.end([visit.session], by=visit.principal)


def _own_sessions(visit: Visit) -> list[AdminSession]:
    """Return the sessions with the same name and the same limits; without limits, all of the name.

    A name is not unique: `waypost admin link` gives the same one to all people without `--name`.
    """
    own = visit.session
    if own is None:
        return []
    may_all = own.scope.role is Role.WRITE and not own.scope.is_limited
    known = visit.context.sessions.list(own.name)
    return [one for one in known if may_all or one.scope == own.scope]
