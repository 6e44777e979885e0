"""Redirect loops: a client is redirected to a URL that it has already asked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from waypost.core.address import EmailAddress
from waypost.diagnostics.conformance.probes import Asked
from waypost.diagnostics.document_checks.pacc import HOST, PATH
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


def redirect_loops(asked: Asked) -> Iterator[str]:
    """Yield a line for each redirect loop over https; only the first one names the likely cause."""
    is_named = False
    for request in _requests(asked):
        finding = _finding(asked, request)
        if not finding:
            continue
        yield _without_cause(finding) if is_named else finding
        is_named = is_named or finding.endswith(LIKELY_CAUSE)


def _without_cause(finding: str) -> str:
    return finding.removesuffix(LIKELY_CAUSE).rstrip(" :;")


def _requests(asked: Asked) -> Iterator[ClientRequest]:
    query = urls.encoded(asked.address)
    yield urls.autoconfig(asked.domain, "https", query)
    yield urls.well_known(asked.domain, "https", query)
    for host in (f"autodiscover.{asked.domain}", asked.domain):
        yield ClientRequest("GET", "https", host, urls.AUTODISCOVER)
    yield profile_request(EmailAddress.parse(asked.address))
    yield ClientRequest("GET", "https", f"{HOST}.{asked.domain}", PATH)
    for path in _WELL_KNOWN:
        yield ClientRequest("GET", "https", asked.domain, path)


def _finding(asked: Asked, first: ClientRequest) -> str:
    """Return the loop of one request, or an empty text."""
    request, passed = first, [_plain(first)]
    while len(passed) <= REDIRECTS_MAX:
        response = asked.wire.answer(request)
        target = _target(request, response)
        if target is None:
            return ""
        if target == _plain(request):
            return f"{request.url} is redirected to itself: {LIKELY_CAUSE}"
        if _only_adds(target, _plain(request)):
            return f"{request.url} is redirected to the same URL, {target.url}: {LIKELY_CAUSE}"
        if target in passed:
            way = " to ".join(one.url for one in [*passed[passed.index(target) :], target])
            cause = f"; {LIKELY_CAUSE}" if "http" in {one.scheme for one in passed} else ""
            return f"{first.url} is in a redirect loop: {way}{cause}"
        passed.append(target)
        request = target
    return f"{first.url}: more than {REDIRECTS_MAX} redirects, the last one to {request.url}"


def _target(request: ClientRequest, response: ServerAnswer) -> ClientRequest | None:
    """Return the target of a redirect, or None if the response is no redirect."""
    target = request.at(response.location) if response.is_redirect else None
    return None if target is None else _plain(target)


def _plain(request: ClientRequest) -> ClientRequest:
    """Return a request without the default port of its scheme (RFC 9110 s4.2.3)."""
    usual = ":443" if request.scheme == "https" else ":80"
    return replace(request, host=request.host.removesuffix(usual))


def _only_adds(target: ClientRequest, request: ClientRequest) -> bool:
    """Return whether a target only adds to the query, such as a mark against loops."""
    is_same_place = replace(target, query="") == replace(request, query="")
    return is_same_place and set(filter(None, request.query.split("&"))) <= {
        *target.query.split("&")
    }
