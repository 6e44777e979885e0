"""Providers: their names, what users see of them, their setup page, and other keys as JSON."""

from dataclasses import replace
from functools import partial
from typing import Any, Final

from fastapi import Response

from waypost.admin.results import StoredObject
from waypost.core.errors import InvalidObject, ObjectNotFound
from waypost.web.admin.pages.changes import Failure, attempt, with_differences
from waypost.web.admin.pages.provider_form import (
    Values,
    adds_row,
    at_fields,
    file_mistakes,
    object_of_values,
    values_of_form,
    values_of_object,
    with_rows,
)
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

LIST: Final = "/admin/providers"
PAGE: Final = "/admin/provider"
ROWS: Final = 100


def add_providers(routes: Routes) -> None:
    """Add the pages."""
    routes.get(LIST, show_list)
    routes.get(PAGE, show_form)
    routes.post(PAGE, save)
    routes.post(f"{PAGE}/delete", delete)


def show_list(visit: Visit) -> Response:
    """Show the providers that the person sees."""
    prefix = visit.query("q")
    page = visit.admin.list_providers(
        prefix=prefix, limit=ROWS, cursor=visit.query("cursor") or None
    )
    return visit.render("providers.html", page=page, prefix=prefix)


def show_form(visit: Visit) -> Response:
    """Show a provider; without a name, a new one."""
    name = visit.query("name")
    if not name:
        visit.principal.check_everything("create providers")
        return _form(visit, "", values_of_object("", {}), "")
    stored = visit.admin.get_provider(name)
    return _form(visit, name, values_of_object(name, stored.data), stored.version)


def save(visit: Visit) -> Response:
    """Create or change a provider, or add a row to its form."""
    form, values = visit.form, values_of_form(visit.form)
    name, version = form.text("old_name"), form.text("version")
    if adds_row(form.text("action")):
        return _form(visit, name, values, version)
    data, mistakes = object_of_values(values)
    mistakes += file_mistakes(form)
    rename = partial(visit.admin.rename_provider, name, values["name"], confirm=True)
    is_renamed = bool(name) and values["name"] != name
    if is_renamed:
        # Before the other changes are made: a name that is refused must not leave them.
        refused = attempt(partial(rename, dry_run=True)).failure
        mistakes += () if refused is None else refused.mistakes
    condition: dict[str, Any] = {"confirm": bool(form.text("confirm"))}
    if name:
        condition["if_match"] = version or "*"
    else:
        condition["if_none_match"] = "*"
    change = partial(visit.admin.put_provider, name or values["name"], data, **condition)
    # With a mistake, nothing is written; the model finds the others.
    done = attempt(partial(change, dry_run=bool(mistakes)))
    if mistakes:
        found = () if done.failure is None else done.failure.mistakes
        every = at_fields([*mistakes, *found], values)
        return _form(visit, name, values, version, Failure(InvalidObject(every), 422))
    if done.failure is None and is_renamed:
        done = attempt(rename)
    if done.failure is None:
        return redirect(PAGE, name=values["name"], **done.done)
    failure = with_differences(done.failure, _stored(visit, name or values["name"]), data)
    if failure.mistakes:
        every = at_fields(failure.mistakes, values)
        failure = replace(failure, error=InvalidObject(every))
    return _form(visit, name, values, failure.version or version, failure)


def delete(visit: Visit) -> Response:
    """Delete a provider without domains."""
    name, version = visit.form.text("old_name"), visit.form.text("version")
    done = attempt(partial(visit.admin.delete_provider, name, if_match=version or None))
    if done.failure is None:
        return redirect(LIST, **done.done)
    stored = visit.admin.get_provider(name)
    values = values_of_object(name, stored.data)
    return _form(visit, name, values, stored.version, done.failure)


def _stored(visit: Visit, name: str) -> StoredObject | None:
    try:
        return visit.admin.get_provider(name)
    except ObjectNotFound:
        return None


def _form(
    visit: Visit, name: str, values: Values, version: str, failure: Failure | None = None
) -> Response:
    problems = {} if failure is None else failure.problems
    action = visit.form.text("action")
    return visit.render(
        "provider.html",
        200 if failure is None else failure.status,
        name=name,
        values=with_rows(values, action) if visit.can_write_all else values,
        version=version,
        failure=failure,
        problems=problems,
    )
