"""The wizard: from the name of a domain to its entry. All its state is in its forms."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from fastapi import Response

from waypost.admin.checks.discovery import TOTAL_SECONDS
from waypost.admin.results import ChangeResult
from waypost.core.errors import AccessForbidden, InvalidObject, ObjectNotFound
from waypost.web.admin.pages.changes import Failure, attempt
from waypost.web.admin.pages.forms import Form
from waypost.web.admin.pages.routes import Routes, error_status
from waypost.web.admin.pages.services_form import (
    METHODS,
    SECURITIES,
    TYPES,
    read_services,
    rearrange,
    rest_of,
    without_empty,
)
from waypost.web.admin.pages.visit import Visit, redirect

START: Final = "/admin/wizard"
_KEPT: Final[Mapping[str, type]] = {
    "sources": str,
    "notes": str,
    "findings": dict,
    "checks": dict,
    "others": str,
}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
EMPTY: Final = ({"type": "imap"}, {"type": "smtp"})


def add_wizard(routes: Routes) -> None:
    """Add the pages."""
    routes.get(START, show_start)
    routes.post(START, search)
    routes.post(f"{START}/services", change)
    routes.post(f"{START}/create", create)


def show_start(visit: Visit) -> Response:
    """Ask for the domain."""
    visit.principal.check_write()
    return _show_start(visit, asks_database=True)


def search(visit: Visit) -> Response:
    """Search for the servers of the domain, and propose services; without a search if asked."""
    name = visit.form.text("domain")
    asks_database = bool(visit.form.text("ispdb"))
    searches = visit.form.text("action") != "by-hand"
    propose = partial(
        visit.admin.propose,
        name,
        asks_database=asks_database,
        searches=searches,
        allow_private=bool(visit.form.text("private")),
    )
    try:
        with _slot(visit) as is_free:
            if searches and not is_free:
                return _show_start(visit, name=name, asks_database=asks_database, is_busy=True)
            found = propose()
    except (InvalidObject, AccessForbidden) as error:
        failure = Failure(error, error_status(error))
        return _show_start(visit, name=name, asks_database=asks_database, failure=failure)
    services = list(found.services) or list(EMPTY)
    values = {
        "sources": found.sources,
        "notes": found.notes,
        "findings": found.findings,
        "checks": [asdict(check) for check in found.checks],
        "missing": found.missing if found.services or not searches else "no mail server",
        "others": [one["name"] for one in found.others],
    }
    provider = visit.principal.provider or found.provider
    return _show_services(visit, found.name, provider, services, values)


def change(visit: Visit) -> Response:
    """Change the proposed services: their order, or all of them for those of another domain.

    Services of another domain are checked, and the others if the person asks for it.
    """
    form = visit.form
    action, like = form.text("action"), form.text("like")
    services = read_services(form)
    provider = form.text("provider")
    if action == "check":
        return _show_checked(visit, provider, without_empty(services))
    if action == "copy" and like:
        return _show_copied(visit, provider, services, like)
    services = rearrange(services, action) or services
    return _show_services(visit, form.text("name"), provider, services, _values(form))


def _show_copied(
    visit: Visit, provider: str, services: list[dict[str, Any]], like: str
) -> Response:
    """Show the services of another domain instead, or say that there is no such domain."""
    try:
        data = visit.admin.get_domain(like).data
    except (ObjectNotFound, InvalidObject):
        failure = Failure(InvalidObject([("like", f"there is no domain {like[:253]}")]), 422)
        name, shown = visit.form.text("name"), services or list(EMPTY)
        return _show_services(visit, name, provider, shown, _values(visit.form), failure)
    provider = data.get("provider", provider)
    return _show_checked(
        visit, provider, data.get("services", services), (f"the services of {like}",)
    )


def _show_checked(
    visit: Visit,
    provider: str,
    services: Sequence[dict[str, Any]],
    sources: tuple[str, ...] | None = None,
) -> Response:
    """Show services with what the doctor says about them; with other sources if they changed."""
    form = visit.form
    name, values = form.text("name"), _values(form)
    if sources is not None:
        values |= {"sources": sources, "notes": (), "findings": (), "checks": ()}
    shown = list(services) or list(EMPTY)
    show = partial(_show_services, visit, name, provider, shown, values)
    try:
        with _slot(visit) as is_free:
            if not is_free:
                values["is_busy"] = True
                return show()
            allow_private = bool(form.text("private"))
            found = visit.admin.check_services(name, services, allow_private=allow_private)
    except (InvalidObject, AccessForbidden) as error:
        return show(failure=Failure(error, error_status(error)))
    values |= {"checks": [asdict(check) for check in found.checks], "findings": found.findings}
    values["notes"] = found.notes
    return show()


@contextmanager
def _slot(visit: Visit) -> Iterator[bool]:
    """Yield whether the network may be asked: only a few people do this at the same time."""
    slots = visit.context.doctor_slots
    is_free = slots.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            slots.release()


def create(visit: Visit) -> Response:
    """Create the domain, and its provider if there is none with this name."""
    form = visit.form
    if form.text("action") not in {"", "create"}:
        return change(visit)
    name, provider = form.text("name"), form.text("provider")
    services = without_empty(read_services(form))
    data = {"provider": provider, "services": services}
    done = attempt(partial(_create, visit, name, provider, data))
    if done.failure is not None:
        services = services or list(EMPTY)
        return _show_services(visit, name, provider, services, _values(form), done.failure)
    stored = name
    if done.result is not None and done.result.new is not None:
        stored = done.result.new.data["name"]
    return redirect("/admin/domain/dns", name=stored, **done.done)


def _create(visit: Visit, name: str, provider: str, data: Mapping[str, Any]) -> ChangeResult:
    """Create a domain, and its provider if there is none with this name."""
    if not data["services"]:
        raise InvalidObject([("services[0].host", "enter the host of at least one service")])
    create_domain = partial(visit.admin.put_domain, name, data, if_none_match="*")
    try:
        return create_domain()
    except InvalidObject as error:
        if visit.principal.is_tenant or not _lacks_provider(visit, error, provider):
            raise
    return visit.admin.add_domain_with_provider(name, data)


def _lacks_provider(visit: Visit, error: InvalidObject, provider: str) -> bool:
    """Return whether the missing provider is the only mistake."""
    if not provider or {path for path, _ in error.mistakes} != {"provider"}:
        return False
    try:
        visit.admin.get_provider(provider)
    except ObjectNotFound:
        return True
    return False


def _values(form: Form) -> dict[str, Any]:
    """Return what an earlier page has found; the person's browser may have sent anything."""
    try:
        values = json.loads(form.text("found") or "{}")
    except (ValueError, RecursionError):
        values = {}
    kept: dict[str, Any] = values if isinstance(values, dict) else {}
    found: dict[str, Any] = {}
    for key, kind in _KEPT.items():
        items = kept.get(key)
        valid: list[object] = items if isinstance(items, list) else []
        found[key] = [one for one in valid if isinstance(one, kind) and _is_shown(one)]
    return found


def _is_shown(one: object) -> bool:
    """Return whether a page can show a text, or an object of texts."""
    texts = one.values() if isinstance(one, dict) else (one,)
    # JSON can escape half a character, which UTF-8 does not have.
    return all(
        text is None or (isinstance(text, str) and not _SURROGATE.search(text)) for text in texts
    )


def _show_start(
    visit: Visit,
    *,
    name: str = "",
    asks_database: bool,
    failure: Failure | None = None,
    is_busy: bool = False,
) -> Response:
    return visit.render(
        "wizard.html",
        503 if is_busy else 200 if failure is None else failure.status,
        name=name,
        failure=failure,
        problems={} if failure is None else failure.problems,
        asks_database=asks_database,
        allow_private=bool(visit.form.text("private")),
        is_busy=is_busy,
        seconds=round(TOTAL_SECONDS),
    )


def _show_services(
    visit: Visit,
    name: str,
    provider: str,
    services: list[dict[str, Any]],
    values: dict[str, Any],
    failure: Failure | None = None,
) -> Response:
    checks = values["checks"]
    return visit.render(
        "wizard_services.html",
        200 if failure is None else failure.status,
        name=name,
        provider=provider,
        services=[{**one, "rest": rest_of(one)} for one in services],
        failure=failure,
        problems={} if failure is None else failure.problems,
        like=visit.form.text("like") if failure is not None else "",
        providers=visit.provider_names(),
        types=TYPES,
        securities=SECURITIES,
        methods=METHODS,
        allow_private=bool(visit.form.text("private")),
        found=json.dumps({key: list(values[key]) for key in _KEPT}),
        all_work=bool(checks) and all(check.get("state") == "works" for check in checks),
        **{"missing": None, "is_busy": False, **values},
    )
