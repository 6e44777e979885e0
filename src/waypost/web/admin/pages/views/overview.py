"""The first page: requests, clients that fail, the state of all parts, and the last changes."""

from datetime import UTC, datetime
from typing import Final

from fastapi import Response

from waypost.core.errors import AccessForbidden, ObjectNotFound
from waypost.web.admin.pages.charts import NARROW_WIDTH, bar_chart
from waypost.web.admin.pages.rendering import MACHINE_TIME
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import HOME, Visit, redirect
from waypost.web.admin.readiness import readiness

DAY_HOURS: Final = 24
WEEK_HOURS: Final = 7 * 24
CHANGES: Final = 8


def add_overview(routes: Routes) -> None:
    """Add the page."""
    routes.get(HOME, show_overview)
    routes.get("/admin/monitor", show_monitor)
    routes.get("/admin", lambda _visit: redirect(HOME))


def show_overview(visit: Visit) -> Response:
    """Show the page. A tenant sees only its changes: the numbers are about all domains."""
    changes = visit.admin.audit(limit=CHANGES, include_access=False).items
    if visit.principal.is_tenant:
        domains = visit.admin.list_domains(limit=CHANGES)
        return visit.render("overview_tenant.html", changes=changes, domains=domains.items)
    is_week = visit.query("period") == "week"
    traffic = visit.context.traffic
    period = traffic.period(WEEK_HOURS if is_week else DAY_HOURS)
    rows = _rows(period.hours, DAY_HOURS if is_week else 1)
    values = [(good, bad) for _, good, bad in rows]
    now = datetime.now(UTC)
    return visit.render(
        "overview.html",
        changes=changes,
        is_week=is_week,
        period=period,
        rows=rows,
        chart=bar_chart(values, 1 if is_week else 4),
        narrow_chart=bar_chart(values, 2 if is_week else 8, NARROW_WIDTH),
        labels=[_label(start, is_week=is_week) for start, _, _ in rows],
        traffic=traffic,
        monitor=visit.context.monitor.read(),
        report=None if traffic.sampled is None else readiness(traffic.workers, now),
    )


def show_monitor(visit: Visit) -> Response:
    """Show what the monitor has found; a tenant must not see other domains."""
    if visit.principal.is_tenant:
        raise AccessForbidden(f"{visit.principal.name} may not read the results of the monitor")
    results = visit.context.monitor.read()
    if results is None:
        raise ObjectNotFound("no monitor has written results that can be read here")
    return visit.render("monitor.html", monitor=results)


def _rows(hours: tuple[tuple[int, int, int], ...], size: int) -> list[tuple[int, int, int]]:
    """Return the sums of every `size` hours."""
    parts = [hours[start : start + size] for start in range(0, len(hours), size)]
    return [
        (part[0][0], sum(one[1] for one in part), sum(one[2] for one in part)) for part in parts
    ]


def _label(start: int, *, is_week: bool) -> tuple[str, str]:
    """Return a time as in HTML, and as text, both in UTC."""
    moment = datetime.fromtimestamp(start, UTC)
    return moment.strftime(MACHINE_TIME), moment.strftime("%m-%d" if is_week else "%H:%M")
