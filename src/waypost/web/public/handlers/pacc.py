"""PACC over HTTP: draft-ietf-mailmaint-pacc-02."""

from typing import Final

from waypost.core.errors import DomainNotServed, NoUsableService
from waypost.formats.pacc import document
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.request import Request
from waypost.web.public.response import Response, conditional, not_found, text

PATH: Final = "/.well-known/user-agent-configuration.json"


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET for the domain that Host names after `ua-auto-config.`; 404 on other hosts."""
    domain = request.host_domain()
    # s"Retrieval": the document is under this name only; the zone of the name has its digest.
    if domain is None or not request.origin.host.lower().startswith(document.HOST_PREFIX):
        return not_found(DomainNotServed.code, f"Host does not begin with {document.HOST_PREFIX}")
    log_entry.domain = domain.ascii
    try:
        result = await context.lookup.find_by_domain(domain)
        body = context.documents.render(document.render, result)
    except (DomainNotServed, NoUsableService) as error:
        return text(404, str(error), error.code)
    response = Response(200, document.CONTENT_TYPE, body)
    return conditional(request, response, f"public, max-age={context.max_age_seconds}")
