"""Targets for two parsers of the same bytes, which must agree."""

import logging
import re
import tomllib
from functools import cache
from typing import Final

from lxml import etree

from tests.fuzz.target import Target
from tests.fuzz.targets.requests import PROVIDERS
from tests.web.asgi import settings
from tests.web.public.worker import Worker
from waypost.parsing import untrusted_xml
from waypost.parsing.bounded_toml import Toml, TomlError, parse_toml
from waypost.parsing.untrusted_xml import Element, HasDoctype, NotWellFormed
from waypost.providers_file.load import read_providers
from waypost.runtime.lru import LruCache
from waypost.runtime.metrics import Metrics
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.wiring.runtime import Domains

SEPARATOR: Final = b"\n%%\n"
"""Between two requests of one input."""
_REQUESTS_MAX: Final = 6
_BODY_MAX_BYTES: Final = 4096
_LENGTH: Final = re.compile(
    rb"\r\ncontent-length:[ \t]*([0-9]{1,5})[ \t]*(?:\r\n|$)", re.IGNORECASE
)
_XML_ERRORS: Final = (NotWellFormed, HasDoctype)


class BothWays:
    """Two workers of the public listener: one answers from templates, the other never does."""

    def __init__(self) -> None:
        # uvicorn reports each invalid request to standard error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._quick = self._worker(has_templates=True)
        self._usual = self._worker(has_templates=False)

    @staticmethod
    def _worker(*, has_templates: bool) -> Worker:
        worker = Worker(_domains, settings(proxy_count=1), has_templates=has_templates)
        worker.run(worker.app.open)
        return worker

    def compare(self, requests: list[bytes]) -> None:
        """Send each request twice: the answers and the lines of the log must be the same."""
        self._forget()
        for request in requests:
            # The second answer may be one from a template.
            for _ in range(2):
                quick, usual = self._quick.send(request), self._usual.send(request)
                assert quick == usual, f"{request!r}: {quick!r} is not {usual!r}"
                assert not usual[0].startswith(b"HTTP/1.1 500"), f"{request!r}: a failure"
        assert self._quick.raw_lines == self._usual.raw_lines, "other lines of the log"

    def _forget(self) -> None:
        """Remove what earlier inputs have left, so that an input fails alone or never."""
        for worker in (self._quick, self._usual):
            worker.clear_log()
        for value in vars(self._quick.templates).values():
            if isinstance(value, LruCache):
                value.clear()


@cache
def _both_ways() -> BothWays:
    return BothWays()


def _domains(metrics: Metrics) -> Domains:
    catalog = read_providers(PROVIDERS, name="mail.toml", format="toml").catalog
    return MemoryDomains(MemoryStore(catalog), metrics)


def known_requests(data: bytes) -> None:
    """Answer requests from templates and by the router; a line `%%` is between two requests."""
    _both_ways().compare([_complete(one) for one in data.split(SEPARATOR)[:_REQUESTS_MAX]])


def _complete(request: bytes) -> bytes:
    """Return a request with spaces for what is missing of its body, so that no answer waits."""
    head, _, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    missing = 0 if length is None else int(length[1]) - len(body)
    return request + b" " * min(missing, _BODY_MAX_BYTES)


def xml(data: bytes) -> None:
    """Parse a document with both parsers: a document that both accept is the same document."""
    quick, tree = _read(data), _parse(data)
    if quick is not None and tree is not None:
        _compare(quick, tree)


def _read(data: bytes) -> Element | None:
    try:
        return untrusted_xml.read(data)
    except _XML_ERRORS:
        return None


def _parse(data: bytes) -> etree._Element | None:
    try:
        return untrusted_xml.parse(data)
    except _XML_ERRORS:
        return None


def _compare(quick: Element, tree: etree._Element) -> None:
    name = etree.QName(tree)
    assert quick.name == name.localname, "another name"
    assert quick.namespace == (name.namespace or ""), "another namespace"
    assert quick.text == (tree.text or ""), "another text"
    first: dict[str, etree._Element] = {}
    for node in tree:
        first.setdefault(etree.QName(node).localname, node)
    assert quick.children.keys() == first.keys(), "other elements"
    for child_name, child in quick.children.items():
        _compare(child, first[child_name])


def toml(data: bytes) -> None:
    """Parse TOML within the limits: the result is that of the standard library."""
    text = data.decode("utf-8", "replace")
    lines = text.count("\n") + 1
    parsed = _toml(text)
    if isinstance(parsed, TomlError):
        assert 1 <= parsed.line <= lines, "a line that does not exist"
        return
    # As texts, because a NaN is not equal to itself.
    assert f"{parsed.data}" == f"{tomllib.loads(text)}", "another result"
    assert all(1 <= line <= lines for line in parsed.lines.values()), "a line that does not exist"


def _toml(text: str) -> Toml | TomlError:
    try:
        return parse_toml(text)
    except TomlError as error:
        return error


AGREEMENTS: Final = (
    Target(
        "known-requests",
        known_requests,
        words=(
            *(SEPARATOR, b"GET /mail/config-v1.1.xml?emailaddress=", b"POST /autodiscover/"),
            *(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"Host: ", b"X-Forwarded-For: ", b"\r\n"),
            *(b"User-Agent: ", b"Connection: close", b"X-Real-IP: ", b"Content-Length: 0", b"%40"),
            *(b"alice@example.com", b"bob@a.wild.example", b"@unknown.example", b"&", b"=", b"+"),
            *(b"X-Forwarded-Proto: https", b"X-Forwarded-Host: ", b"Forwarded: for=", b"\r\n\r\n"),
            *(b"Transfer-Encoding: chunked", b"EVOLUTIONUSER@", b"HEAD ", b"www.", b"<!--"),
        ),
        max_bytes=2048,
    ),
    Target(
        "xml",
        xml,
        words=(
            *(b"<?xml version='1.0' encoding='utf-8'?>", b"<a>", b"</a>", b"<b/>", b"xmlns='u'"),
            *(
                b"<![CDATA[",
                b"]]>",
                b"&amp;",
                b"&#10;",
                b"&#x41;",
                b"<!-- -->",
                b"<?p i?>",
                b"\r\n",
            ),
            *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"utf-16", b"iso-8859-1", b"x:y='z'"),
            *(b"<!DOCTYPE a>", b"standalone='yes'", b"xmlns:x='v'", b"<x:c>", b"</x:c>"),
        ),
    ),
    Target(
        "toml",
        toml,
        words=(
            *(b"[a]", b"[[a]]", b"a.b", b"a = 1\n", b'"""', b"'''", b'"\\u0041"', b"{ a = 1 }"),
            *(b"[1, 2]", b"1979-05-27", b"07:32:00", b"inf", b"nan", b"0xFF", b"1_000", b"# c\n"),
            *(b"\\\n", b"\r\n", b"true", b'""', b"''", b"[[[", b"= [", b" . "),
        ),
    ),
)
