"""The list of domains: search, filters, and changes of many domains."""

import json
from collections.abc import Iterable, Iterator

from fastapi import Response

from waypost.admin.results import BulkEnd, BulkMistake, StoredObject
from waypost.core.errors import ConfirmationNeeded, InvalidObject, ObjectNotFound
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

LIST = "/admin/domains"
ROWS = 50
PROVIDERS_MAX = 200


def add_domains(routes: Routes) -> None:
    """Add the pages."""
    routes.get(LIST, show_list)
    routes.post("/admin/domains/bulk", change_many)


def show_list(visit: Visit) -> Response:
    """Show a part of the list; a search finds the beginning of a name."""
    wanted = {name: visit.query(name) for name in ("q", "provider", "host", "cursor")}
    mistakes: dict[str, str] = {}
    items: tuple[StoredObject, ...] = ()
    following = None
    try:
        page = visit.admin.list_domains(
            prefix=wanted["q"].strip(),
            provider=wanted["provider"] or None,
            host=wanted["host"].strip() or None,
            limit=ROWS,
            cursor=wanted["cursor"] or None,
        )
        items, following = page.items, page.next
    except InvalidObject as error:
        mistakes = dict(error.mistakes)
    except ObjectNotFound as error:
        mistakes = {"provider": str(error)}
    providers = visit.admin.list_providers(limit=PROVIDERS_MAX).items
    return visit.render(
        "domains.html",
        422 if mistakes else 200,
        items=items,
        next=following,
        wanted=wanted,
        mistakes=mistakes,
        providers=[one.data["name"] for one in providers],
    )


def change_many(visit: Visit) -> Response:
    """Change the chosen domains in one transaction, after a page that asks for a confirmation."""
    visit.principal.check_write()
    names = visit.form.all("name")[:1000]
    action, provider = visit.form.text("action"), visit.form.text("provider")
    if not names or action not in {"delete", "decline", "provider"}:
        return redirect(LIST)
    is_confirmed = bool(visit.form.text("confirm"))
    lines = list(_lines(visit, names, action, provider))
    mistakes, affected, plan = [], 0, None
    try:
        for event in visit.admin.bulk(lines, confirm=is_confirmed, dry_run=not is_confirmed):
            if isinstance(event, BulkMistake):
                mistakes.append((names[event.line - 1], event.rule))
            elif isinstance(event, BulkEnd):
                plan = event.plan
                if event.written:
                    return redirect(LIST, done="saved")
    except ConfirmationNeeded as error:
        affected = error.count
    return visit.render(
        "domains_bulk.html",
        422 if mistakes else 200,
        names=names,
        action=action,
        provider=provider,
        mistakes=mistakes,
        affected=affected,
        plan=plan,
    )


def _lines(visit: Visit, names: Iterable[str], action: str, provider: str) -> Iterator[bytes]:
    for name in names:
        if action == "delete":
            yield json.dumps({"op": "delete", "name": name}).encode()
            continue
        try:
            data = visit.admin.get_domain(name).data
        except ObjectNotFound:
            data = {"name": name}
        if action == "decline":
            data = {"name": name, "provider": data.get("provider", ""), "declined": True}
        else:
            data = {**data, "provider": provider}
        yield json.dumps({"op": "put", **data}).encode()
