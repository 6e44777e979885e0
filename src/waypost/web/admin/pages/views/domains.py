"""The list of domains: search, filters, and changes of many domains."""

import json
from typing import Any, Final

from fastapi import Response

from waypost.admin.results import BulkEnd, BulkMistake, StoredObject
from waypost.core.errors import InvalidObject, ObjectNotFound
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import NAMES_MAX, Visit, redirect

LIST = "/admin/domains"
ROWS = 50
_OTHERS = ("alias_of", "users", "redirect_address", "redirect_url")
_DECLINED: Final[dict[str, Any]] = {"declined": True, "services": [], **dict.fromkeys(_OTHERS)}
"""The merge patch that declines a domain and removes its services."""


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
    providers = visit.admin.provider_names()
    return visit.render(
        "domains.html",
        422 if mistakes else 200,
        items=items,
        next=following,
        wanted=wanted,
        mistakes=mistakes,
        providers=providers[:NAMES_MAX],
        has_more_providers=len(providers) > NAMES_MAX,
    )


def change_many(visit: Visit) -> Response:
    """Change the chosen domains in one transaction, after a page that asks for a confirmation."""
    visit.principal.check_write()
    names = visit.form.all("name")[:1000]
    action, provider = visit.form.text("action"), visit.form.text("provider")
    if not names or action not in {"delete", "decline", "provider"}:
        return redirect(LIST)
    is_confirmed = bool(visit.form.text("confirm"))
    lines = (_line(name, action, provider) for name in names)
    mistakes, end = [], None
    for event in visit.admin.bulk(lines, confirm=is_confirmed, dry_run=not is_confirmed):
        if isinstance(event, BulkMistake):
            mistakes.append((names[event.line - 1], event.rule))
        elif isinstance(event, BulkEnd):
            end = event
            if is_confirmed and not event.mistakes:
                return redirect(LIST, done="saved")
    return visit.render(
        "domains_bulk.html",
        422 if mistakes else 200,
        names=names,
        action=action,
        provider=provider,
        mistakes=mistakes,
        end=end,
    )


def _line(name: str, action: str, provider: str) -> bytes:
    """Return the line of a bulk change for a domain."""
    if action == "delete":
        return json.dumps({"op": "delete", "name": name}).encode()
    patch = _DECLINED if action == "decline" else {"provider": provider}
    return json.dumps({"op": "patch", "name": name, **patch}).encode()
