"""The form of a domain: provider, services in order, users, and where its mail is."""

from functools import partial
from typing import Any, Final

from fastapi import Response

from waypost.admin.results import StoredObject
from waypost.core.errors import InvalidObject, ObjectNotFound
from waypost.web.admin.pages.changes import Failure, attempt, with_differences
from waypost.web.admin.pages.forms import Form
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.services_form import (
    METHODS,
    SECURITIES,
    TYPES,
    read_services,
    rearrange,
    rest_of,
    without_empty,
)
from waypost.web.admin.pages.views.domain import PAGE
from waypost.web.admin.pages.visit import NAMES_MAX, Visit, redirect

EDIT: Final = "/admin/domain/edit"


def add_domain_edit(routes: Routes) -> None:
    """Add the pages."""
    routes.get(EDIT, show_form)
    routes.post(EDIT, save)


def show_form(visit: Visit) -> Response:
    """Show the form of a domain; without a name, of a new one."""
    name = visit.query("name")
    if not name:
        visit.principal.check_write()
        new = {"provider": "", "services": [{"type": "imap"}, {"type": "smtp"}]}
        return _form(visit, "", new, "")
    stored = visit.admin.get_domain(name)
    visit.principal.check_write()
    return _form(visit, name, stored.data, stored.version)


def save(visit: Visit) -> Response:
    """Save the form, or change the order of its services."""
    form = visit.form
    name, new_name = form.text("name"), form.text("new_name")
    data = read_domain_form(form)
    services = rearrange(data.get("services", []), form.text("action"))
    if services is not None:
        return _form(visit, name, {**data, "services": services}, form.text("version"), new_name)
    if "services" in data:
        data["services"] = without_empty(data["services"])
    condition: dict[str, Any] = {"confirm": bool(form.text("confirm"))}
    if name:
        condition["if_match"] = form.text("version") or "*"
    else:
        condition["if_none_match"] = "*"
    done = attempt(partial(visit.admin.put_domain, name or new_name, data, **condition))
    if done.failure is None:
        return redirect(PAGE, name=name or _stored_name(done.result, new_name), **done.done)
    failure = with_differences(done.failure, _stored(visit, name or new_name), data)
    data = {"services": without_empty(read_services(form)), **data}  # Also those of an alias.
    return _form(visit, name, data, failure.version or form.text("version"), new_name, failure)


def read_domain_form(form: Form) -> dict[str, Any]:
    """Return the domain that a form describes."""
    place, data = form.text("place"), {"provider": form.text("provider")}
    result: dict[str, Any] = dict(data)
    if place == "alias":
        return result | {"alias_of": form.text("alias_of")}
    result["services"] = read_services(form)
    if form.text("users.directory"):
        users: dict[str, Any] = {"directory": form.text("users.directory")}
        if form.text("users.unknown_user"):
            users["unknown_user"] = form.text("users.unknown_user")
        if form.text("users.show_display_name"):
            users["show_display_name"] = True
        result["users"] = users
    if place == "declined":
        result["declined"] = True
    elif place in {"redirect_address", "redirect_url"}:
        result[place] = form.text(place)
    return result


def _stored_name(result: Any, name: str) -> str:  # noqa: ANN401 -- a result, or None
    return name if result is None or result.new is None else str(result.new.data["name"])


def _stored(visit: Visit, name: str) -> StoredObject | None:
    try:
        return visit.admin.get_domain(name)
    except (InvalidObject, ObjectNotFound):
        return None


def _form(
    visit: Visit,
    name: str,
    data: dict[str, Any],
    version: str,
    new_name: str = "",
    failure: Failure | None = None,
) -> Response:
    places = ("alias_of", "redirect_address", "redirect_url", "declined")
    place = next((key for key in places if data.get(key)), "here")
    directories = visit.admin.list_directories(limit=NAMES_MAX).items
    services = [{**one, "rest": rest_of(one)} for one in data.get("services", [])]
    return visit.render(
        "domain_edit.html",
        200 if failure is None else failure.status,
        name=name,
        new_name=new_name,
        data=data,
        services=services,
        version=version,
        failure=failure,
        problems={} if failure is None else failure.problems,
        place="alias" if place == "alias_of" else place,
        providers=visit.provider_names(),
        directories=[one.data["name"] for one in directories],
        types=TYPES,
        securities=SECURITIES,
        methods=METHODS,
    )
