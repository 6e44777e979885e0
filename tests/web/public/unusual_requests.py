"""Requests that no mail client sends: odd methods, hosts, bodies, encodings, and bad syntax."""

from collections.abc import Mapping
from typing import Final

from tests.web.public.test_autodiscover import question
from tests.web.public.test_smuggling import CHUNKED, HEAD, SHAPES

_PATH: Final = b"/mail/config-v1.1.xml?emailaddress=a@example.com"
_HOST: Final = b"Host: example.com\r\n"
_BODY: Final = question()
_LENGTH: Final = b"Content-Length: %d\r\n" % len(_BODY)
_CHUNKS: Final = b"%x\r\n%b\r\n0\r\n" % (len(_BODY), _BODY)
_XML: Final = b"Content-Type: text/xml\r\n"
_TLS: Final = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + b"\x00" * 194


def _line(line: bytes, fields: bytes = _HOST) -> bytes:
    return b"%b\r\n%b\r\n" % (line, fields)


def _get(path: bytes, fields: bytes = _HOST) -> bytes:
    return _line(b"GET %b HTTP/1.1" % path, fields)


def _with(*fields: bytes) -> bytes:
    return _get(_PATH, _HOST + b"".join(b"%b\r\n" % field for field in fields))


def _address(text: bytes) -> bytes:
    return _get(b"/mail/config-v1.1.xml?emailaddress=" + text)


CASES: Final[Mapping[str, Mapping[str, bytes]]] = {
    "Methods": {
        "HEAD": _line(b"HEAD %b HTTP/1.1" % _PATH),
        "OPTIONS": _line(b"OPTIONS %b HTTP/1.1" % _PATH),
        "OPTIONS of the server, `*`": _line(b"OPTIONS * HTTP/1.1"),
        "PUT": _line(b"PUT %b HTTP/1.1" % _PATH, _HOST + b"Content-Length: 0\r\n"),
        "DELETE": _line(b"DELETE %b HTTP/1.1" % _PATH),
        "TRACE": _line(b"TRACE %b HTTP/1.1" % _PATH),
        "CONNECT": _line(b"CONNECT evil.example:443 HTTP/1.1", b"Host: evil.example:443\r\n"),
        "PROPFIND": _line(b"PROPFIND %b HTTP/1.1" % _PATH),
        "an unknown method": _line(b"FETCH %b HTTP/1.1" % _PATH),
        "a method in lower case": _line(b"get %b HTTP/1.1" % _PATH),
        "a method with a control": _line(b"GE\x07T %b HTTP/1.1" % _PATH),
        "a method of 10,000 letters": _line(b"G" * 10_000 + b" / HTTP/1.1"),
    },
    "Request lines": {
        "the absolute form, same host": _get(b"http://example.com" + _PATH),
        "the absolute form, another host": _get(b"http://evil.example" + _PATH),
        "the absolute form, https": _get(b"https://example.com" + _PATH),
        "the authority form": _get(b"example.com:80"),
        "no slash": _get(b"mail/config-v1.1.xml"),
        "two spaces": _line(b"GET  %b HTTP/1.1" % _PATH),
        "a tab for a space": _line(b"GET\t%b\tHTTP/1.1" % _PATH),
        "a space in the path": _get(b"/mail /config"),
        "an empty line before": b"\r\n" + _get(_PATH),
        "a space before": b" " + _get(_PATH),
        "only line feeds": _get(_PATH).replace(b"\r\n", b"\n"),
        "only carriage returns": _get(_PATH).replace(b"\r\n", b"\r"),
        "version 1.0 without Host": _line(b"GET %b HTTP/1.0" % _PATH, b""),
        "version 1.2": _line(b"GET %b HTTP/1.2" % _PATH),
        "version 2.0": _line(b"GET %b HTTP/2.0" % _PATH),
        "version 3.0": _line(b"GET %b HTTP/3.0" % _PATH),
        "a version without a number": _line(b"GET %b HTTP/x" % _PATH),
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS on the plain port": _TLS,
        "a line of SMTP": b"EHLO evil.example\r\n",
        "a path of 40,000 letters": _get(b"/" + b"a" * 40_000),
        "a query of 9,000 letters": _address(b"a" * 9_000 + b"@example.com"),
    },
    "Hosts": {
        "no Host": _get(_PATH, b""),
        "an empty Host": _get(_PATH, b"Host:\r\n"),
        "two equal Hosts": _get(_PATH, _HOST + _HOST),
        "two Hosts": _get(_PATH, _HOST + b"Host: evil.example\r\n"),
        "a list of Hosts": _get(_PATH, b"Host: example.com, evil.example\r\n"),
        "a Host with a space": _get(_PATH, b"Host: example.com evil.example\r\n"),
        "a Host with a user": _get(_PATH, b"Host: a@example.com\r\n"),
        "a Host with a path": _get(_PATH, b"Host: example.com/evil\r\n"),
        "a Host with a bad port": _get(_PATH, b"Host: example.com:99999999\r\n"),
        "a Host in UTF-8": _get(_PATH, "Host: bücher.example\r\n".encode()),
        "a Host of 5,000 letters": _get(_PATH, b"Host: %b.example\r\n" % (b"a" * 5_000)),
    },
    "Header fields": {
        "a field without a colon": _with(b"X"),
        "a field without a name": _with(b": a"),
        "a field with a space in its name": _with(b"X Y: a"),
        "a field in Latin-1": _with(b"X: \xfc"),
        "a NUL in a value": _with(b"X: a\x00b"),
        "a NUL in a name": _with(b"X\x00Y: a"),
        "a control in a value": _with(b"X: a\x07b"),
        "a field of 40,000 letters": _with(b"X: " + b"a" * 40_000),
        "300 fields": _with(*(b"X%d: a" % number for number in range(300))),
        "Range": _with(b"Range: bytes=0-3"),
        "an unknown expectation": _with(b"Expect: 200-ok"),
        "Upgrade to WebSocket": _with(
            b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"
        ),
        "Connection: close": _with(b"Connection: close"),
    },
    "Percent signs, NULs and UTF-8": {
        "a NUL in the path": _get(b"/mail\x00/config-v1.1.xml"),
        "`%00` in the path": _get(b"/mail/config-v1.1.xml%00"),
        "`%00` in the address": _address(b"a%00@example.com"),
        "a percent sign alone": _address(b"a%@example.com"),
        "half a percent sign": _address(b"a@example.com%4"),
        "`%zz` in the address": _address(b"a%zz@example.com"),
        "`%zz` in the path": _get(b"/mail/%zz"),
        "`%` at the end of the path": _get(b"/mail/config-v1.1.xml%"),
        "overlong `.`, `%C0%AE`": _get(b"/mail/%C0%AE%C0%AE/initdb"),
        "overlong `/`, `%E0%80%AF`": _get(b"/mail%E0%80%AFconfig-v1.1.xml"),
        "overlong `@`, `%C1%80`": _address(b"a%C1%80example.com"),
        "a surrogate, `%ED%A0%80`": _address(b"a%ED%A0%80@example.com"),
        "no UTF-8, `%FF`": _address(b"a%FF@example.com"),
        "raw bytes that are no UTF-8": _address(b"a\xff@example.com"),
        "raw UTF-8": _address("ü@example.com".encode()),
        "encoded dots": _get(b"/mail/%2e%2e/initdb/"),
        "dots": _get(b"/mail/../initdb/"),
        "a backslash": _get(b"/mail\\config-v1.1.xml"),
        "an encoded slash": _get(b"/mail%2Fconfig-v1.1.xml?emailaddress=a@example.com"),
        "an encoded line end": _get(b"/mail/%0d%0aX:%20a"),
        "a fragment": _get(_PATH + b"#a"),
        "60 fields in the query": _address(b"a@example.com" + b"&a=b" * 60),
    },
    "Bodies": {
        "a right body": HEAD + _XML + _LENGTH + b"\r\n" + _BODY,
        "a right body in chunks": HEAD + _XML + CHUNKED + b"\r\n" + _CHUNKS + b"\r\n",
        "chunks with a trailer": HEAD + _XML + CHUNKED + b"\r\n" + _CHUNKS + b"X: a\r\n\r\n",
        "chunks in version 1.0": (HEAD + _XML + CHUNKED).replace(b"/1.1", b"/1.0", 1)
        + b"\r\n"
        + _CHUNKS
        + b"\r\n",
        "`Expect: 100-continue` with its body": HEAD
        + _XML
        + b"Expect: 100-continue\r\n"
        + _LENGTH
        + b"\r\n"
        + _BODY,
        "no length and no body": HEAD + _XML + b"\r\n",
        "a NUL in the body": HEAD + _XML + b"Content-Length: 3\r\n\r\na\x00b",
        "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
        "a length in hexadecimal": HEAD + b"Content-Length: 0x10\r\n\r\n" + b"a" * 16,
        "a length of 30 digits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        "an empty length": HEAD + b"Content-Length:\r\n\r\n",
        "an incomplete body": HEAD + _XML + b"Content-Length: 1000\r\n\r\nabc",
        "an incomplete chunk": HEAD + _XML + CHUNKED + b"\r\n100\r\nabc",
        "a chunk size of no number": HEAD + _XML + CHUNKED + b"\r\nxyz\r\nabc\r\n0\r\n\r\n",
    },
    "Pipelining": {
        "two requests at once": _get(_PATH) + _get(b"/nothing"),
        "ten requests at once": _get(_PATH) * 10,
        "a body, then a request": HEAD + _XML + _LENGTH + b"\r\n" + _BODY + _get(_PATH),
        "`Connection: close`, then a request": _with(b"Connection: close") + _get(_PATH),
    },
    "Smuggling: each has a second request, `GET /smuggled`": SHAPES,
}
