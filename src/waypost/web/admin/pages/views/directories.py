"""Directories: their keys by the model of each kind, and a test with one user."""

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum, EnumType
from functools import partial
from typing import Any, Final, get_args

from fastapi import Response

from waypost.admin.checks.lookup_report import LookupReport
from waypost.admin.results import StoredObject
from waypost.core.errors import (
    AccessForbidden,
    InvalidObject,
    ObjectNotFound,
)
from waypost.providers_file.models.directory import table_of_kind
from waypost.web.admin.pages.changes import Failure, attempt, with_differences
from waypost.web.admin.pages.forms import Form
from waypost.web.admin.pages.json_form import read_json, write_json
from waypost.web.admin.pages.routes import Routes, error_status
from waypost.web.admin.pages.visit import Visit, redirect

LIST: Final = "/admin/directories"
PAGE: Final = "/admin/directory"
KINDS: Final = ("ldap", "sql", "file")
_HEAD: Final = ("name", "kind")
_ONLY_JSON: Final = ("attributes",)
_LONG: Final = ("query", "domains_query", "search_filter")


def add_directories(routes: Routes) -> None:
    """Add the pages."""
    routes.get(LIST, show_list)
    routes.get(PAGE, show_form)
    routes.post(PAGE, save)
    routes.post(f"{PAGE}/delete", delete)
    routes.post(f"{PAGE}/test", test)


def show_list(visit: Visit) -> Response:
    """Show the directories that the person sees."""
    page = visit.admin.list_directories(limit=100, cursor=visit.query("cursor") or None)
    return visit.render("directories.html", page=page)


def show_form(visit: Visit) -> Response:
    """Show a directory; without a name, a new one of the chosen kind."""
    name = visit.query("name")
    if not name:
        visit.principal.check_everything("create directories")
        kind = visit.query("kind") if visit.query("kind") in KINDS else KINDS[0]
        return _form(visit, "", {"kind": kind}, "")
    stored = visit.admin.get_directory(name)
    return _form(visit, name, stored.data, stored.version)


def save(visit: Visit) -> Response:
    """Create or change a directory; an empty secret keeps the stored one."""
    form = visit.form
    name, new_name = form.text("old_name"), form.text("name")
    condition: dict[str, Any] = {"confirm": bool(form.text("confirm"))}
    if name:
        condition["if_match"] = form.text("version") or "*"
    else:
        condition["if_none_match"] = "*"
    data = read_fields(form)
    try:
        data |= read_json(form.text("other"), "other")
    except InvalidObject as error:
        return _form(visit, name, data, form.text("version"), Failure(error, 422))
    done = attempt(partial(visit.admin.put_directory, name or new_name, data, **condition))
    if done.failure is None:
        return redirect(PAGE, name=name or new_name, **done.done)
    failure = with_differences(_by_field(done.failure), _stored(visit, name or new_name), data)
    return _form(visit, name, data, failure.version or form.text("version"), failure)


def _by_field(failure: Failure) -> Failure:
    """Return a failure whose mistakes in a line of a field, such as `urls[1]`, are at the field."""
    if not failure.mistakes:
        return failure
    mistakes = (
        (path.partition("[")[0], f"{path}: {rule}" if "[" in path else rule)
        for path, rule in failure.mistakes
    )
    return replace(failure, error=InvalidObject(mistakes))


def read_fields(form: Form) -> dict[str, Any]:
    """Return the keys that have a field in the form."""
    data: dict[str, Any] = {"kind": form.text("kind")}
    for key, kind, options in _keys(form.text("kind")):
        text = form.text(key)
        if kind == "choice" and options == ("true", "false") and text:
            data[key] = text == "true"
        elif kind == "lines" and text:
            data[key] = form.lines(key)
        elif kind == "number" and text:
            data[key] = int(text) if text.isascii() and text.isdigit() else text
        elif text:
            data[key] = text
    return data


def delete(visit: Visit) -> Response:
    """Delete a directory that no domain uses."""
    name, version = visit.form.text("old_name"), visit.form.text("version")
    done = attempt(partial(visit.admin.delete_directory, name, if_match=version or None))
    if done.failure is None:
        return redirect(LIST, **done.done)
    stored = visit.admin.get_directory(name)
    return _form(visit, name, stored.data, stored.version, done.failure)


def test(visit: Visit) -> Response:
    """Look up a user in a directory, and show each step."""
    name, address = visit.form.text("old_name"), visit.form.text("address")
    stored = visit.admin.get_directory(name)
    try:
        report = visit.admin.test_directory(name, address)
    except (InvalidObject, AccessForbidden) as error:
        failure = Failure(error, error_status(error))
        return _form(visit, name, stored.data, stored.version, failure)
    return _form(visit, name, stored.data, stored.version, report=report)


def _keys(kind: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the keys of a kind that have a field: the kind of the field, and its choices."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for key, info in table_of_kind(kind).model_fields.items():
        text, options = str(info.annotation), _options(info.annotation)
        if key in _HEAD or key in _ONLY_JSON:
            continue
        if options:
            found.append((key, "choice", options))
        elif "bool" in text:
            found.append((key, "choice", ("true", "false")))
        elif "tuple[str, ...]" in text or "list[str]" in text:
            found.append((key, "lines", ()))
        elif "int" in text or "float" in text:
            found.append((key, "number", ()))
        elif "str" in text:
            found.append((key, "long" if key in _LONG else "text", ()))
    return found


def _options(annotation: object) -> tuple[str, ...]:
    """Return the values of an enumeration, also if it may be absent."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, EnumType):
            members: Iterable[Enum] = one
            return tuple(f"{member.value}" for member in members)
    return ()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return f"{value}".lower() if isinstance(value, bool) else f"{value}"


def _stored(visit: Visit, name: str) -> StoredObject | None:
    try:
        return visit.admin.get_directory(name)
    except ObjectNotFound:
        return None


def _form(
    visit: Visit,
    name: str,
    data: dict[str, Any],
    version: str,
    failure: Failure | None = None,
    report: LookupReport | None = None,
) -> Response:
    kind = str(data.get("kind", ""))
    infos = table_of_kind(kind).model_fields
    keys = _keys(kind)
    known = {key for key, _, _ in keys} | set(_HEAD)
    fields = [
        (key, form_kind, options, _text(data.get(key)), infos[key].description or "")
        for key, form_kind, options in keys
    ]
    return visit.render(
        "directory.html",
        200 if failure is None else failure.status,
        name=name,
        new_name=visit.form.text("name"),
        kind=kind,
        kinds=KINDS,
        fields=fields,
        other=visit.form.text("other")
        if failure is not None and visit.form.text("other")
        else write_json({key: value for key, value in data.items() if key not in known}),
        version=version,
        failure=failure,
        problems={} if failure is None else failure.problems,
        report=report,
        address=visit.form.text("address"),
    )
