"""Providers: their names, what users see of them, and all other keys as JSON."""

from functools import partial
from typing import Any, Final

from fastapi import Response

from waypost.admin.results import StoredObject
from waypost.core.errors import InvalidObject, ObjectNotFound
from waypost.web.admin.pages.changes import Failure, attempt, with_differences
from waypost.web.admin.pages.forms import Form
from waypost.web.admin.pages.json_form import read_json, write_json
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

LIST: Final = "/admin/providers"
PAGE: Final = "/admin/provider"
ROWS: Final = 100
FIELDS: Final = ("name", "short_name", "contacts", "documentation", "logos", "domains")


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
        return _form(visit, "", {}, "")
    stored = visit.admin.get_provider(name)
    return _form(visit, name, stored.data, stored.version)


def save(visit: Visit) -> Response:
    """Create or change a provider."""
    form = visit.form
    name, new_name = form.text("old_name"), form.text("name")
    data: dict[str, Any] = {}
    condition: dict[str, Any] = {"confirm": bool(form.text("confirm"))}
    if name:
        condition["if_match"] = form.text("version") or "*"
    else:
        condition["if_none_match"] = "*"
    try:
        data = read_provider_form(form)
    except InvalidObject as error:
        return _form(visit, name, {}, form.text("version"), Failure(error, 422))
    done = attempt(partial(visit.admin.put_provider, name or new_name, data, **condition))
    if done.failure is None and name and new_name != name:
        rename = partial(visit.admin.rename_provider, name, new_name, confirm=True)
        done = attempt(rename)
    if done.failure is None:
        return redirect(PAGE, name=new_name, **done.done)
    failure = with_differences(done.failure, _stored(visit, name or new_name), data)
    return _form(visit, name, data, failure.version or form.text("version"), failure)


def read_provider_form(form: Form) -> dict[str, Any]:
    """Return the provider that a form describes.

    Raises:
        InvalidObject: the other keys are not a JSON object.
    """
    data = read_json(form.text("other"), "other")
    if form.text("short_name"):
        data["short_name"] = form.text("short_name")
    if contacts := form.lines("contacts"):
        data["contacts"] = contacts
    if pages := read_json(f'{{"pages": {form.text("pages_rest") or "[]"}}}', "other").get("pages"):
        data["documentation"] = pages
    addresses = form.lines("documentation")
    known = {page.get("url"): page for page in data.pop("documentation", ()) if page}
    if addresses:
        data["documentation"] = [known.get(one, {"url": one}) for one in addresses]
    if form.text("logo_url"):
        kind = form.text("logo_type") or "image/png"
        data["logos"] = [{"url": form.text("logo_url"), "content_type": kind}]
    return data


def delete(visit: Visit) -> Response:
    """Delete a provider without domains."""
    name, version = visit.form.text("old_name"), visit.form.text("version")
    done = attempt(partial(visit.admin.delete_provider, name, if_match=version or None))
    if done.failure is None:
        return redirect(LIST, **done.done)
    stored = visit.admin.get_provider(name)
    return _form(visit, name, stored.data, stored.version, done.failure)


def _stored(visit: Visit, name: str) -> StoredObject | None:
    try:
        return visit.admin.get_provider(name)
    except ObjectNotFound:
        return None


def _form(
    visit: Visit, name: str, data: dict[str, Any], version: str, failure: Failure | None = None
) -> Response:
    form = visit.form
    logo: dict[str, Any] = next(iter(data.get("logos", ())), {})
    others = {key: value for key, value in data.items() if key not in FIELDS}
    if len(data.get("logos", ())) > 1:
        others["logos"] = data["logos"]
        logo = {}
    values = {
        "name": form.text("name") or name,
        "short_name": data.get("short_name", ""),
        "contacts": "\n".join(data.get("contacts", ())),
        "documentation": "\n".join(page["url"] for page in data.get("documentation", ())),
        "pages_rest": write_json(data["documentation"]) if data.get("documentation") else "",
        "logo_url": logo.get("url", ""),
        "logo_type": logo.get("content_type", "image/png"),
        "other": write_json(others),
    }
    if failure is not None and form.pairs and not failure.is_conflict:
        values |= {key: form.text(key) for key in values if key in form.values}
    return visit.render(
        "provider.html",
        200 if failure is None else failure.status,
        name=name,
        values=values,
        data=data,
        version=version,
        failure=failure,
        problems={} if failure is None else failure.problems,
    )
