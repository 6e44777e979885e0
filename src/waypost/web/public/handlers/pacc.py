"""PACC over HTTP: draft-ietf-mailmaint-pacc-02."""

from typing import Final

from waypost.core.errors import DomainNotServed, NoUsableService
from waypost.formats.pacc import document as pacc
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.request import Request
from waypost.web.public.response import Response, conditional, document, not_found, text

PATH: Final = "/.well-known/user-agent-configuration.json"


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET for the domain that Host names after `ua-auto-config.`; 404 on other hosts."""
    domain = request.host_domain()
    # s"Retrieval": the document is under this name only; the zone of the name has its digest.
    if domain is None or not request.origin.host.lower().startswith(pacc.HOST_PREFIX):
        return not_found(DomainNotServed.code, f"Host does not begin with {pacc.HOST_PREFIX}")
    log_entry.domain = domain.ascii
    try:
        result = await context.lookup.find_by_domain(domain)
        rendered = context.documents.render(pacc.render, result)
    except (DomainNotServed, NoUsableService) as error:
        return text(404, str(error), error.code)
    response = document(pacc.CONTENT_TYPE, rendered, result.entry)
    return conditional(
        request, response, rendered.etag, f"public, max-age={context.max_age_seconds}"
    )
