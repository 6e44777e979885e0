"""The audit log, and undoing a change."""

from functools import partial

from fastapi import Response

from waypost.core.errors import InvalidObject
from waypost.web.admin.pages.changes import attempt
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

LIST = "/admin/audit"


def add_audit(routes: Routes) -> None:
    """Add the pages."""
    routes.get(LIST, show_audit)
    routes.post("/admin/audit/undo", undo)


def show_audit(visit: Visit) -> Response:
    """Show the changes, the newest first."""
    wanted, problem = visit.query("object").strip(), ""
    try:
        page = visit.admin.audit(object=wanted or None, cursor=visit.query("cursor") or None)
    except InvalidObject as error:
        page, problem = visit.admin.audit(), str(error)
    return _render(visit, 422 if problem else 200, page=page, wanted=wanted, problem=problem)


def undo(visit: Visit) -> Response:
    """Undo a change, if nothing has changed the object since."""
    text, confirm = visit.form.text("id"), bool(visit.form.text("confirm"))
    number = int(text[:10]) if text.isascii() and text.isdigit() else 0
    done = attempt(partial(visit.admin.undo, number, confirm=confirm))
    if done.failure is not None:
        return visit.render("undo.html", done.failure.status, failure=done.failure, id=number)
    word = "undone" if done.result and done.result.written else "unchanged"
    if done.result is not None and done.result.warnings:
        warnings = done.result.warnings
        return _render(visit, page=visit.admin.audit(), done=word, warnings=warnings)
    return redirect(LIST, done=word)


def _render(visit: Visit, status: int = 200, **values: object) -> Response:
    return visit.render(
        "audit.html", status, **{"wanted": "", "problem": "", "warnings": ()} | values
    )
