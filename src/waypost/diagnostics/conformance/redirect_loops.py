"""Redirect loops: a client is redirected to a URL that it has already requested."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from waypost.core.address import EmailAddress
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.document_checks.pacc import HOST_LABEL, PATH
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.apple import profile_request
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer

REDIRECTS_MAX: Final = 10
LIKELY_CAUSE: Final = (
    "the server treats https as http. Likely cause: the web server in front sends "
    "X-Forwarded-Proto: http, or nothing, for https. Make it send the scheme of the request "
    "(nginx: proxy_set_header X-Forwarded-Proto $scheme;)"
)
# RFC 6764 s5, RFC 8620 s2.2.
_WELL_KNOWN: Final = tuple(f"/.well-known/{name}" for name in ("caldav", "carddav", "jmap"))


def check_redirect_loops(target: ConformanceTarget) -> Iterator[str]:
    """Yield a line for each redirect loop over https; only the first one names the likely cause."""
    has_named_cause = False
    for request in _requests(target):
        finding = _loop_finding(target, request)
        if not finding:
            continue
        yield _without_cause(finding) if has_named_cause else finding
        has_named_cause = has_named_cause or finding.endswith(LIKELY_CAUSE)


def _without_cause(finding: str) -> str:
    return finding.removesuffix(LIKELY_CAUSE).rstrip(" :;")


def _requests(target: ConformanceTarget) -> Iterator[ClientRequest]:
    query = urls.address_query(target.address)
    yield urls.autoconfig(target.domain, "https", query)
    yield urls.well_known(target.domain, "https", query)
    for host in (f"autodiscover.{target.domain}", target.domain):
        yield ClientRequest("GET", "https", host, urls.AUTODISCOVER_PATH)
    yield profile_request(EmailAddress.parse(target.address))
    yield ClientRequest("GET", "https", f"{HOST_LABEL}.{target.domain}", PATH)
    for path in _WELL_KNOWN:
        yield ClientRequest("GET", "https", target.domain, path)


def _loop_finding(target: ConformanceTarget, first: ClientRequest) -> str:
    """Return the loop of one request, or an empty text."""
    request, visited = first, [_without_default_port(first)]
    while len(visited) <= REDIRECTS_MAX:
        response = target.http.send(request)
        redirect = _redirect_of(request, response)
        if redirect is None:
            return ""
        if redirect == _without_default_port(request):
            return f"{request.url} is redirected to itself: {LIKELY_CAUSE}"
        if _only_adds_query(redirect, _without_default_port(request)):
            return f"{request.url} is redirected to the same URL, {redirect.url}: {LIKELY_CAUSE}"
        if redirect in visited:
            chain = " to ".join(
                step.url for step in [*visited[visited.index(redirect) :], redirect]
            )
            cause = f"; {LIKELY_CAUSE}" if "http" in {request.scheme for request in visited} else ""
            return f"{first.url} is in a redirect loop: {chain}{cause}"
        visited.append(redirect)
        request = redirect
    return f"{first.url}: more than {REDIRECTS_MAX} redirects, the last one to {request.url}"


def _redirect_of(request: ClientRequest, response: ServerAnswer) -> ClientRequest | None:
    """Return the target of a redirect, or None if the response is no redirect."""
    target = request.redirected_to(response.location) if response.is_redirect else None
    return None if target is None else _without_default_port(target)


def _without_default_port(request: ClientRequest) -> ClientRequest:
    """Return a request without the default port of its scheme (RFC 9110 s4.2.3)."""
    usual = ":443" if request.scheme == "https" else ":80"
    return replace(request, host=request.host.removesuffix(usual))


def _only_adds_query(redirect: ClientRequest, request: ClientRequest) -> bool:
    """Return whether a target only adds to the query, such as a mark against loops."""
    is_same_url = replace(redirect, query="") == replace(request, query="")
    return is_same_url and set(filter(None, request.query.split("&"))) <= {
        *redirect.query.split("&")
    }
