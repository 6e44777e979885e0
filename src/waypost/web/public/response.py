"""The answers to a client."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from waypost.core.address import DomainName
from waypost.core.document_template import ANY_USER, DocumentTemplate, RenderedDocument
from waypost.core.errors import DomainUnknown, StoreBusy, WaypostError
from waypost.core.model import Domain
from waypost.web.public.request import Request, Send

RETRY_AFTER_SECONDS: Final = 30
RETRY_AFTER_BUSY_SECONDS: Final = 2
TEXT: Final = "text/plain; charset=utf-8"
NO_STORE: Final = ("cache-control", "no-store")  # RFC 9111 s5.2.2.5
HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """All users of a domain get the same answer, except for the local part in the body.

    Attributes:
        entry: the entry of the domain that the answer was made of; None if there is none.
        document: the body, in pieces around the local part and the domain.
        sign: signs the body at once, or returns None if it cannot; None if the body is not signed.
    """

    entry: Domain | None
    document: DocumentTemplate
    sign: Callable[[bytes], bytes | None] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    Attributes:
        status: HTTP status code.
        headers: without Content-Type and Content-Length; names in lower case.
        code: what the log shows for it: `ok` or an error's code.
        shared: whether other users of the domain get the same; None if that is not known.
    """

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    code: str = "ok"
    shared: SharedAnswer | None = None

    def plus(self, *headers: tuple[str, str]) -> "Response":
        """Return the same answer with more headers."""
        # Every answer uses this, and `replace` is slower.
        return Response(
            self.status,
            self.content_type,
            self.body,
            (*self.headers, *headers),
            self.code,
            self.shared,
        )

    def complete(self, *, head: bool) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return all headers and the body; HEAD gets no body (RFC 9110 s9.3.2)."""
        # RFC 9110 s8.6: no Content-Length in a 204.
        has_content = self.status not in {204, 304}
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers
        ]
        headers.append((b"x-content-type-options", b"nosniff"))
        if has_content:
            headers.append((b"content-type", self.content_type.encode("latin-1")))
            headers.append((b"content-length", str(len(self.body)).encode("latin-1")))
        return headers, self.body if has_content and not head else b""

    async def send(self, send: Send, *, head: bool) -> None:
        """Send the answer to a client of an ASGI server."""
        headers, body = self.complete(head=head)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def text(status: int, line: str, code: str) -> Response:
    """Answer with one line of text for a person."""
    return Response(status, TEXT, f"{line}\n".encode(), code=code)


def not_found(code: str = "not_found", line: str = "not found") -> Response:
    """Answer 404: the client continues with its next source."""
    return text(404, line, code)


def unknown_domain(domain: DomainName, error: DomainUnknown) -> Response:
    """Answer 404 for a domain without an entry: all such domains get the same text."""
    response = text(404, str(error), error.code)
    place, name = ANY_USER.domain.ascii.encode(), domain.ascii.encode()
    document = _unknown_domain_template(response.body.replace(name, place, 1))
    return replace(response, shared=SharedAnswer(None, document))


@lru_cache(maxsize=4)
def _unknown_domain_template(body: bytes) -> DocumentTemplate:
    """Return the same object for all domains, because clients can invent any number of them."""
    return DocumentTemplate(body, is_for_any_domain=True)


def redirect(location: str, code: str = "redirected") -> Response:
    """Answer 302 (RFC 9110 s15.4.3): the client follows, and does not keep the redirect."""
    return Response(302, TEXT, b"", (("location", location),), code)


def with_retry_after(response: Response, error: WaypostError) -> Response:
    """Add to a 503 when to ask again (RFC 9110 s10.2.3)."""
    busy = isinstance(error, StoreBusy)
    seconds = RETRY_AFTER_BUSY_SECONDS if busy else RETRY_AFTER_SECONDS
    return response.plus(("retry-after", str(seconds)))


def method_not_allowed(*allowed: str) -> Response:
    """Answer 405 with Allow (RFC 9110 s15.5.6)."""
    response = text(405, f"use {' or '.join(allowed)} here", "method_not_allowed")
    return response.plus(("allow", ", ".join(allowed)))


def document(
    content_type: str, rendered: RenderedDocument, entry: Domain, *headers: tuple[str, str]
) -> Response:
    """Answer 200 with a document that was rendered from the entry of a domain."""
    template = rendered.template
    shared = None if template is None else SharedAnswer(entry, template)
    return Response(200, content_type, rendered.body, headers, shared=shared)


def signed_document(
    response: Response, signed: bytes, sign: Callable[[bytes], bytes | None]
) -> Response:
    """Return an answer with its signed document.

    Args:
        response: the answer with the document.
        signed: the same document, signed.
        sign: signs the document of another user at once, or returns None if it cannot.
    """
    shared = None if response.shared is None else replace(response.shared, sign=sign)
    return replace(response, body=signed, shared=shared)


def conditional(request: Request, response: Response, tag: bytes, cache_control: str) -> Response:
    """Add ETag and Cache-Control, and answer 304 if the client has the same bytes.

    RFC 9110 s8.8.3 and s13.1.2; the comparison is weak, as If-None-Match requires.
    """
    etag = tag.decode("ascii")
    response = response.plus(("etag", etag), ("cache-control", cache_control))
    if_none_match = request.header(b"if-none-match")
    known_etags = [known.strip().removeprefix("W/") for known in if_none_match.split(",")]
    if etag in known_etags or "*" in known_etags:
        # RFC 9110 s15.4.5: with the same ETag and Cache-Control.
        return replace(response, status=304, body=b"", shared=None)
    return response
