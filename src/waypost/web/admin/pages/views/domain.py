"""One domain: what clients get, DNS, checks and history."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from fastapi import Response

from waypost.admin.checks.client_views import ClientView
from waypost.admin.objects import ObjectMistakes, read_services
from waypost.admin.results import Data
from waypost.core.errors import (
    DomainMoved,
    DomainNotServed,
    InvalidObject,
    NoUsableService,
    ObjectNotFound,
    ServiceNotOffered,
)
from waypost.core.model import HostEndpoint
from waypost.formats.dns.domain_records import NO_PUBLIC_URL
from waypost.web.admin.pages.changes import attempt
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

PAGE: Final = "/admin/domain"
FIRST_CLIENTS: Final = (
    *("thunderbird", "outlook-for-windows", "apple-mail"),
    "thunderbird-for-android-and-k-9",
)
"""What most people use; the other clients are below them."""
FORMATS: Final = (
    *("autoconfig", "autodiscover", "autodiscover-json", "activesync", "mobileconfig", "pacc"),
)
_NO_ANSWER: Final = (
    *(DomainMoved, DomainNotServed, NoUsableService, ServiceNotOffered, InvalidObject),
    ObjectNotFound,
)


def add_domain(routes: Routes) -> None:
    """Add the pages."""
    routes.get(PAGE, show_clients)
    routes.get(f"{PAGE}/answer", show_answer)
    routes.get(f"{PAGE}/dns", show_dns)
    routes.get(f"{PAGE}/checks", show_checks)
    routes.post(f"{PAGE}/checks", run_doctor)
    routes.get(f"{PAGE}/history", show_history)
    routes.get(f"{PAGE}/delete", ask_delete)
    routes.post(f"{PAGE}/delete", delete)


def show_clients(visit: Visit) -> Response:
    """Show the services in order, and the account that each client sets up."""
    stored = visit.admin.get_domain(visit.query("name"))
    is_pattern = stored.data["name"].startswith("*")
    example = stored.data["name"].replace("*.", "mail.").replace("*", "example.com")
    address = visit.query("address") or f"alice@{example}"
    views: tuple[ClientView, ...] = ()
    problem = ""
    try:
        views = visit.admin.clients(address)
    except _NO_ANSWER as error:
        problem = str(error)
    views = tuple(one for one in views if one.is_mail or one.other_services)
    first = sorted(
        (one for one in views if one.key in FIRST_CLIENTS),
        key=lambda one: FIRST_CLIENTS.index(one.key),
    )
    return visit.render(
        "domain.html",
        422 if problem and visit.query("address") else 200,
        tab="clients",
        domain=stored.data,
        version=stored.version,
        is_pattern=is_pattern,
        services=_with_endpoints(stored.data.get("services", ())),
        address=address,
        first=first,
        others=[one for one in views if one.key not in FIRST_CLIENTS],
        problem=problem,
        formats=FORMATS,
    )


def _with_endpoints(services: Sequence[Data]) -> list[tuple[Data, Data]]:
    """Return services with the port and the security that clients get, also if they are defaults.

    Rows that another program has written may have mistakes; they are shown as they are.
    """
    read = read_services(services, ObjectMistakes())
    if len(read) != len(services):
        return [(one, one) for one in services]
    return [
        (data, {"port": one.endpoint.port, "security": one.endpoint.security.value})
        if isinstance(one.endpoint, HostEndpoint)
        else (data, {})
        for data, one in zip(services, read, strict=True)
    ]


def show_answer(visit: Visit) -> Response:
    """Show the answer that a client gets, byte for byte."""
    name, address, chosen = (visit.query(key) for key in ("name", "address", "format"))
    stored = visit.admin.get_domain(name)
    body, content_type, problem = "", "", ""
    try:
        found = visit.admin.preview(address, chosen)
        body, content_type = found.body.decode("utf-8", "replace"), found.content_type
    except _NO_ANSWER as error:
        problem = str(error)
    return visit.render(
        "domain_answer.html",
        422 if problem else 200,
        tab="clients",
        domain=stored.data,
        address=address,
        format=chosen,
        formats=FORMATS,
        body=body,
        content_type=content_type,
        problem=problem,
    )


def show_dns(visit: Visit) -> Response:
    """Show the records, and which of them are published."""
    stored = visit.admin.get_domain(visit.query("name"))
    values: dict[str, Any] = {"records": (), "zone": "", "names": (), "problem": ""}
    values["left_out"] = ()
    try:
        values["records"] = visit.admin.live_dns(stored.data["name"])
        described = json.loads(visit.admin.dns(stored.data["name"], "json").body)
        values["left_out"] = described["left_out"]
        values["zone"] = visit.admin.dns(stored.data["name"], "zone").body.decode()
        values["names"] = visit.admin.names(stored.data["name"])
    except _NO_ANSWER as error:
        values["problem"] = str(error)
    values["needs_public_url"] = any(NO_PUBLIC_URL in line for line in values["left_out"])
    return visit.render("domain_dns.html", tab="dns", domain=stored.data, **values)


def show_checks(visit: Visit, doctor: dict[str, Any] | None = None, problem: str = "") -> Response:
    """Show what the linter says, and offer to run the doctor."""
    name = visit.query("name") or visit.form.text("name")
    stored = visit.admin.get_domain(name)
    return visit.render(
        "domain_checks.html",
        tab="checks",
        domain=stored.data,
        lint=visit.admin.lint(name),
        doctor=doctor,
        problem=problem,
    )


def run_doctor(visit: Visit) -> Response:
    """Check the domain from outside; this takes up to minutes, and changes nothing."""
    slots = visit.context.doctor_slots
    if not slots.acquire(blocking=False):
        return show_checks(visit, problem="busy")
    try:
        report = visit.admin.doctor(visit.form.text("name"))
    except _NO_ANSWER as error:
        return show_checks(visit, problem=str(error))
    finally:
        slots.release()
    return show_checks(visit, dict(report))


def show_history(visit: Visit) -> Response:
    """Show the changes of the domain; a deleted domain has a history, too."""
    name = visit.query("name")
    cursor = visit.query("cursor") or None
    page = visit.admin.audit(object=f"domain:{name}", limit=50, cursor=cursor)
    try:
        data = visit.admin.get_domain(name).data
    except ObjectNotFound:
        if not page.items:
            raise
        data = {"name": name, "provider": "", "is_deleted": True}
    return visit.render("domain_history.html", tab="history", domain=data, page=page)


def ask_delete(visit: Visit, failure: object = None, status: int = 200) -> Response:
    """Ask whether the domain is to be deleted, and show what that means."""
    name = visit.query("name") or visit.form.text("name")
    stored = visit.admin.get_domain(name)
    visit.principal.check_write()
    return visit.render(
        "domain_delete.html",
        status,
        domain=stored.data,
        version=stored.version,
        failure=failure,
    )


def delete(visit: Visit) -> Response:
    """Delete the domain."""
    name, version = visit.form.text("name"), visit.form.text("version")
    done = attempt(partial(visit.admin.delete_domain, name, if_match=version or None))
    if done.failure is not None:
        return ask_delete(visit, done.failure, done.failure.status)
    return redirect("/admin/domains", **done.done)
