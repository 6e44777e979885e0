"""DAVx5, as its source has it (bitfireAT/davx5-ose 2534c16, dav4jvm 0532b07 [code]).

The record ends where a server answers as one of CalDAV or CardDAV does, or asks for a password:
what is behind the password is not part of it. Of several SRV records with the lowest priority it
takes one by chance, by weight; the record takes the heaviest.
"""

from collections.abc import Generator
from typing import Final

from waypost.check.recorded import documents
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    Conversation,
    Outcome,
    Question,
    Request,
    Response,
    Unusable,
    User,
    followed,
    said,
)
from waypost.check.recorded.lookups import looked_up
from waypost.formats.xml import child, in_namespace, to_bytes

_KINDS: Final = ("carddav", "caldav")
_REDIRECTS_MAX: Final = 5
_MULTI_STATUS: Final = 207
_UNAUTHORIZED: Final = 401
_HTTPS_PORT: Final = 443


def ask(user: User) -> Conversation:
    """Look for address books, then for calendars; one of both is enough."""
    found: list[str] = []
    reasons: list[str] = []
    for kind in _KINDS:
        place = yield from _found(kind, user.domain, reasons)
        if place:
            found.append(f"{kind} {place}")
    return Outcome(reasons=tuple(reasons), beside=tuple(found))


def _found(kind: str, domain: str, reasons: list[str]) -> Generator[Question, Response, str]:
    # [code] `_caldav` and `_carddav`, which are not encrypted, are never looked up.
    name = f"_{kind}s._tcp.{domain}"
    records = yield from looked_up("SRV", name)
    best = min(records, key=lambda one: (one.priority, -one.weight), default=None)
    texts = yield from looked_up("TXT", name)
    paths = [one.data[5:] for one in texts if one.data.startswith("path=")]
    if best is not None and not best.data:
        # [code] The target of a record is not looked at: "." leads nowhere.
        reasons.append(f"DNS SRV {name}: there is no such service")
        return ""
    host = domain if best is None else best.data
    if best is not None and best.port != _HTTPS_PORT:
        host = f"{host}:{best.port}"
    for path in (*paths, f"/.well-known/{kind}", "/"):
        request = _propfind(host, path)
        last, response = yield from _followed(request)
        try:
            _check(response)
        except Unusable as error:
            reasons.append(f"{last.url}: {error}")
            continue
        return last.url
    return ""


def _followed(request: Request) -> Generator[Request, Response, tuple[Request, Response]]:
    """Ask, and return the last place to which redirects lead, with what it says."""
    # [code] From https to http it follows none.
    asking = followed(request, most=_REDIRECTS_MAX, downgrades=False)
    last = next(asking)
    while True:
        response = yield last
        try:
            last = asking.send(response)
        except StopIteration as end:
            return last, end.value


def _propfind(host: str, path: str) -> Request:
    """PROPFIND for the principal of whoever asks (RFC 5397 s3)."""
    root = in_namespace("propfind", "DAV:")
    child(child(root, "prop"), "current-user-principal")
    headers = ("Depth", "0"), ("Content-Type", "application/xml; charset=utf-8")
    rooted = path if path.startswith("/") else f"/{path}"
    return Request("PROPFIND", "https", host, rooted, "", headers, to_bytes(root))


def _check(response: Response) -> None:
    """Go on where a server asks for a password, or names a principal.

    Raises:
        Unusable: it does neither.
    """
    if response.status == _UNAUTHORIZED:
        return
    if response.status != _MULTI_STATUS:
        raise Unusable(said(response))
    if not any(True for _ in documents.parsed(response.body).iter("{DAV:}current-user-principal")):
        raise Unusable("the answer names no current-user-principal")


DAVX5: Final = Client(
    key="davx5",
    name="DAVx5",
    version="source 2534c16",
    date="2026-08-21",
    basis="code",
    asks=ask,
    order=(
        "DNS: the SRV record `_carddavs._tcp.D`, and the TXT record of the same name",
        (
            "PROPFIND by https on the host and port that SRV names, else on D: each `path=` of the "
            "TXT record, then `/.well-known/carddav`, then `/`"
        ),
        "the same with `_caldavs` and `/.well-known/caldav`",
    ),
    notes=(
        "It sets up calendars and address books, and no mail.",
        "It knows https alone: `_caldav` and `_carddav` are not looked up.",
        "It follows five redirects, to other hosts as well, and none from https to http.",
        "The record is that of a login with an address; a URL that its user types is asked first.",
    ),
    expects_account=False,
    needs="CalDAV or CardDAV",
)
