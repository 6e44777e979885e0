"""A scripted server of one calendar and one address book for any user and password.

It answers the PROPFIND requests that clients use to find calendars and address books: RFC 4918
s9.1, RFC 5397 s3, RFC 4791 s6.2.1, RFC 6352 s7.1.1. It speaks plain http, behind a web server.
"""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

_DAV: Final = "DAV:"
_CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
_CARDDAV: Final = "urn:ietf:params:xml:ns:carddav"
_ROOT: Final = "/dav/"
_PRINCIPALS: Final = f"{_ROOT}principals/"


@dataclass(frozen=True, slots=True)
class _Home:
    """A user's folder with a collection.

    Attributes:
        name: the property with the URL of the folder.
        kind: the kind of the collection in it.
        title: the title of that collection.
    """

    name: str
    kind: str
    title: str


_HOMES: Final = {
    f"{_ROOT}calendars/": _Home(
        f"{{{_CALDAV}}}calendar-home-set", f"{{{_CALDAV}}}calendar", "Appointments"
    ),
    f"{_ROOT}books/": _Home(
        f"{{{_CARDDAV}}}addressbook-home-set", f"{{{_CARDDAV}}}addressbook", "Friends"
    ),
}


@dataclass(frozen=True, slots=True)
class DavRequest:
    """A request of a client.

    Attributes:
        login_name: the login name of HTTP Basic; empty without a login.
        asked: the properties that the body names, without their namespaces.
    """

    method: str
    url: str
    depth: str
    login_name: str
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dav:
    """The requests that a running server received; the list grows."""

    requests: list[DavRequest] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PROPFIND(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        login_name = _login_name(self.headers.get("Authorization", ""))
        self._note(login_name, body)
        if not login_name:
            self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="DAV"'))
            return
        answer = _properties(self.path, login_name, with_members=self.headers["Depth"] == "1")
        self._answer(207 if answer else 404, answer)

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def _note(self, login_name: str, body: bytes) -> None:
        assert isinstance(self.server, _Server)
        url = f"{self.headers['X-Forwarded-Proto']}://{self.headers['Host']}{self.path}"
        depth = self.headers.get("Depth", "")
        request = DavRequest(self.command, url, depth, login_name, _names(body))
        self.server.received.requests.append(request)

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", "application/xml"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", f"{len(body)}")
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, received: Dav) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.received = received


def _login_name(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme != "Basic":
        return ""
    return base64.b64decode(credentials).decode().partition(":")[0]


def _names(body: bytes) -> tuple[str, ...]:
    """Return the names of the properties that a PROPFIND asks for."""
    if not body:
        return ()
    return tuple(one.tag.rpartition("}")[2] for one in ET.fromstring(body).findall(".//{*}prop/*"))


def _properties(path: str, login_name: str, *, with_members: bool) -> bytes:
    """Return the properties of a resource and, if requested, of its members; none if missing.

    The folder above a user's own has no home sets, only the principal (RFC 6764 s6).
    """
    user = f"{quote(login_name, safe='@')}/"
    answer = ET.Element(f"{{{_DAV}}}multistatus")
    above, _, own = path.strip("/").rpartition("/")
    home = _HOMES.get(f"/{above}/") if unquote(own) == login_name else None
    if path == f"{_PRINCIPALS}{user}":
        properties = _response(answer, path)
        for folder, one in _HOMES.items():
            _add_property(properties, one.name, f"{folder}{user}")
    elif home is not None:
        _response(answer, path)
        if with_members:
            _response(answer, f"{path}one/", home.kind, home.title)
    elif path in ("/", _ROOT, *_HOMES):
        _add_property(
            _response(answer, path), f"{{{_DAV}}}current-user-principal", _PRINCIPALS + user
        )
    else:
        return b""
    written: bytes = ET.tostring(answer, encoding="utf-8", xml_declaration=True)
    return written


def _response(answer: ET.Element, path: str, kind: str = "", title: str = "") -> ET.Element:
    response = ET.SubElement(answer, f"{{{_DAV}}}response")
    ET.SubElement(response, f"{{{_DAV}}}href").text = path
    found = ET.SubElement(response, f"{{{_DAV}}}propstat")
    properties = ET.SubElement(found, f"{{{_DAV}}}prop")
    ET.SubElement(found, f"{{{_DAV}}}status").text = "HTTP/1.1 200 OK"
    kinds = ET.SubElement(properties, f"{{{_DAV}}}resourcetype")
    ET.SubElement(kinds, f"{{{_DAV}}}collection")
    if kind:
        ET.SubElement(kinds, kind)
        ET.SubElement(properties, f"{{{_DAV}}}displayname").text = title
    return properties


def _add_property(properties: ET.Element, name: str, href: str) -> None:
    ET.SubElement(ET.SubElement(properties, name), f"{{{_DAV}}}href").text = href


@contextmanager
def dav(port: int) -> Iterator[Dav]:
    """Run the server on a port of 127.0.0.1, and yield what it receives."""
    received = Dav()
    with _Server(port, received) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield received
        finally:
            server.shutdown()
