"""Autodiscover requests: the accepted ones, and the rules that refuse others."""

import pytest

from waypost.core.errors import AddressError, RequestError, RequestTooLarge, UnknownSchema
from waypost.formats.autodiscover.request import BODY_MAX_BYTES, ResponseSchema, parse_request

SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
NS = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
TEXT = (
    f'<Autodiscover xmlns="{NS}"><Request><EMailAddress>älice@example.com</EMailAddress>'
    f"<AcceptableResponseSchema>{SCHEMA}</AcceptableResponseSchema></Request></Autodiscover>"
)
BODY = TEXT.encode()

GOOD = [
    BODY,
    b"\xef\xbb\xbf" + BODY,
    b"\r\n " + BODY,
    b'<?xml version="1.0" encoding="UTF-8"?>\n' + BODY,
    f'<?xml version="1.0" encoding="utf-16"?>{TEXT}'.encode("utf-16"),
    f'<?xml version="1.0" encoding="iso-8859-1"?>{TEXT}'.encode("latin-1"),
    TEXT.replace(NS, NS.replace("http:", "https:")).encode(),
    TEXT.replace(SCHEMA, SCHEMA.replace("http:", "https:")).encode(),
    TEXT.replace(SCHEMA, SCHEMA.upper()).encode(),
    TEXT.replace(SCHEMA, f"\n  {SCHEMA}\n").encode(),
    TEXT.replace(SCHEMA, SCHEMA.removesuffix("a")).encode(),
    TEXT.replace(SCHEMA, "").encode(),
    TEXT.replace(f' xmlns="{NS}"', "").encode(),
    TEXT.replace("<Request>", "<!-- x --><?y?><Request><!-- x --><LegacyDN/>").encode(),
    TEXT.replace("älice", "<![CDATA[älice").replace("com</E", "com]]></E").encode(),
    TEXT.replace("älice", "&#xe4;lice").encode(),
]
BAD = [
    (b"", RequestError, "well-formed"),
    (b"\x00", RequestError, "well-formed"),
    (BODY[:-1], RequestError, "well-formed"),
    (BODY + b"<x/>", RequestError, "well-formed"),
    (TEXT.encode("latin-1"), RequestError, "well-formed"),
    (
        BODY.replace(b"<Autodiscover", b'<?xml version="1.0" encoding="x-no"?><Autodiscover', 1),
        RequestError,
        "well-formed",
    ),
    (b"<!DOCTYPE Autodiscover>" + BODY, RequestError, "document type definition"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]>' + BODY, RequestError, "document type definition"),
    (
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;]>' + BODY,
        RequestError,
        "document type definition",
    ),
    (BODY.replace("ä".encode(), b"&auml;"), RequestError, "well-formed"),
    (b"<a/>", RequestError, "not the element Autodiscover"),
    (b"<Autodiscover/>", RequestError, "no element Request"),
    (b"<Autodiscover><Request/></Autodiscover>", RequestError, "no element EMailAddress"),
    (TEXT.replace("EMailAddress", "EmailAddress").encode(), RequestError, "no element EMail"),
    (TEXT.replace("älice@example.com", " ").encode(), RequestError, "no element EMailAddress"),
    (TEXT.replace("@", "").encode(), AddressError, "no @"),
    (TEXT.replace("älice", "a&#9;b").encode(), AddressError, "control character"),
    (TEXT.replace("2006a", "2007").encode(), UnknownSchema, "does not write the requested"),
    (
        TEXT.replace(SCHEMA, SCHEMA.replace("outlook", "mobilesync")).encode(),
        UnknownSchema,
        "does not write the requested",
    ),
    (
        TEXT.replace("EMailAddress", "LegacyDN").encode(),
        RequestError,
        "no element EMailAddress",
    ),
    (BODY + b" " * BODY_MAX_BYTES, RequestTooLarge, "longer than 65536"),
    (b"<a>" * 20_000, RequestError, "well-formed"),
    (b"<Autodiscover>" * 1000 + b"</Autodiscover>" * 1000, RequestError, "well-formed|no element"),
]


@pytest.mark.rule("autodiscover-order-and-prefix", "autodiscover-schema-spelling")
@pytest.mark.parametrize("body", GOOD)
def test_good(body: bytes) -> None:
    """A request is accepted in any encoding, order and namespace that clients may use."""
    assert str(parse_request(body).address) == "älice@example.com"


@pytest.mark.parametrize(("body", "error", "rule"), BAD)
def test_bad(body: bytes, error: type[Exception], rule: str) -> None:
    """A request that breaks a rule is refused with that rule."""
    with pytest.raises(error, match=rule):
        parse_request(body)


MOBILESYNC = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/"
IN_UTF16 = f'<?xml version="1.0" encoding="utf-16"?>{TEXT}'
CHARSETS = [
    (TEXT.encode("utf-16"), "text/xml"),
    (TEXT.encode("utf-16"), "text/xml; charset=utf-8"),
    (TEXT.encode("utf-16le"), "text/xml; charset=utf-16"),
    (TEXT.encode("utf-16be"), "text/xml;charset=UTF-16BE"),
    (TEXT.encode("utf-16be"), "text/xml; charset=UTF-16"),
    (TEXT.encode("latin-1"), 'text/xml; charset="iso-8859-1"'),
    (TEXT.encode("windows-1252"), "application/xml ; Charset=Windows-1252; x=y"),
    (b"\xef\xbb\xbf" + BODY, "text/xml; charset=iso-8859-1"),
    (BODY, "text/xml; charset=no-such"),
    (BODY, "text/xml; charset="),
    (BODY, "text/xml; charset=us-ascii"),
    (BODY, "application/json"),
    # .NET's StringWriter declares UTF-16, although the document is sent in UTF-8.
    (IN_UTF16.encode(), "text/xml"),
    (IN_UTF16.encode(), "text/xml; charset=utf-8"),
    (IN_UTF16.replace("utf-16", "UTF16").encode(), ""),
]


@pytest.mark.rule("autodiscover-encodings")
@pytest.mark.parametrize(("body", "content_type"), CHARSETS)
def test_charset(body: bytes, content_type: str) -> None:
    """A byte order mark, then `charset`, then the declaration decide about the encoding."""
    assert str(parse_request(body, content_type).address) == "älice@example.com"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16le", "utf-16be"])
def test_doctype_in_utf_16(encoding: str) -> None:
    """A document type definition is refused in every encoding."""
    with pytest.raises(RequestError, match="document type definition"):
        parse_request(f"<!DOCTYPE a>{TEXT}".encode(encoding), f"text/xml; charset={encoding}")


WANTED = [
    (TEXT, ResponseSchema.OUTLOOK),
    (TEXT.replace(SCHEMA, ""), ResponseSchema.OUTLOOK),
    (TEXT.replace(SCHEMA, f"{MOBILESYNC}responseschema/2006"), ResponseSchema.MOBILESYNC),
    (TEXT.replace(NS, f"{MOBILESYNC}requestschema/2006"), ResponseSchema.OUTLOOK),
    (
        TEXT.replace(NS, f"{MOBILESYNC}requestschema/2006").replace(SCHEMA, ""),
        ResponseSchema.MOBILESYNC,
    ),
    (
        TEXT.replace(NS, f"{MOBILESYNC}requestschema/2006").replace(
            SCHEMA, f"{MOBILESYNC}responseschema/2006".replace("http:", "HTTPS:")
        ),
        ResponseSchema.MOBILESYNC,
    ),
]


@pytest.mark.rule("autodiscover-schema-decides")
@pytest.mark.parametrize(("text", "wanted"), WANTED)
def test_response_schema(text: str, wanted: ResponseSchema) -> None:
    """AcceptableResponseSchema decides, or else the schema of the request."""
    assert parse_request(text.encode()).response_schema is wanted
