"""PACC over HTTP: draft-ietf-mailmaint-pacc-02."""

from typing import Final

from waypost.errors import DomainNotServed, NoUsableService
from waypost.formats import pacc
from waypost.web.public.context import Context, Noted
from waypost.web.public.reply import Reply, conditional, not_found, text
from waypost.web.public.request import Request

PATH: Final = "/.well-known/user-agent-configuration.json"


async def get(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer GET for the domain that Host names after `ua-auto-config.`; 404 on other hosts."""
    domain = request.host_domain()
    # s"Retrieval": the document is under this name only; the zone of the name has its digest.
    if domain is None or not request.origin.host.lower().startswith(pacc.HOST_PREFIX):
        return not_found(DomainNotServed.code, f"Host does not begin with {pacc.HOST_PREFIX}")
    noted.domain = domain.ascii
    try:
        found = await context.lookup.about_domain(domain)
        body = context.documents.render(pacc.render, found)
    except (DomainNotServed, NoUsableService) as error:
        return text(404, str(error), error.code)
    reply = Reply(200, pacc.CONTENT_TYPE, body)
    return conditional(request, reply, f"public, max-age={context.max_age_seconds}")
