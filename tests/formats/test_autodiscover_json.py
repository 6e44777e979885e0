"""Autodiscover V2: the requests, the answers, and the error codes."""

import json

import pytest

from tests.making import ALICE, domain, host_service, url_service
from waypost.core.errors import (
    AddressError,
    DomainNotServed,
    ParameterMissing,
    RequestError,
    ServiceNotOffered,
    StoreError,
    StoreUnavailable,
    UnknownProtocol,
    UserDeclined,
    WaypostError,
)
from waypost.core.model import ClientConfig, Service
from waypost.formats.autodiscover.json import (
    Protocol,
    parse_protocol,
    parse_user,
    render,
    render_refusal,
    status_of,
)
from waypost.lookup.lookup import client_config

XML_URL = "https://autodiscover.example.com/autodiscover/autodiscover.xml"
EAS = url_service("activesync", "https://eas.example.com/%EMAILADDRESS%")
EWS = url_service("ews", "https://ews.example.com/EWS/Exchange.asmx")
OPEN_EAS = url_service("activesync", "http://eas.example.com/")
MAIL = (host_service(), host_service("smtp", "smtp.example.com"))


def config(*services: Service) -> ClientConfig:
    return client_config(domain("example.com", *services), ALICE.domain, ALICE)


@pytest.mark.rule("autodiscover-json-case")
@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("AutodiscoverV1", Protocol.AUTODISCOVER_V1),
        ("Autodiscoverv1", Protocol.AUTODISCOVER_V1),
        ("AUTODISCOVERV1", Protocol.AUTODISCOVER_V1),
        (" activesync ", Protocol.ACTIVESYNC),
        ("EWS", Protocol.EWS),
    ],
)
def test_protocol(text: str, protocol: Protocol) -> None:
    """Any case of a protocol's name is understood."""
    assert parse_protocol(text) is protocol


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ParameterMissing),
        (" ", ParameterMissing),
        ("Rest", ServiceNotOffered),
        ("SUBSTRATE", ServiceNotOffered),
        ("imap", UnknownProtocol),
        ("AutodiscoverV2", UnknownProtocol),
        ("Ews,ActiveSync", UnknownProtocol),
    ],
)
def test_bad_protocol(text: str, error: type[WaypostError]) -> None:
    """An empty, an Exchange-only and an unknown protocol have different errors."""
    with pytest.raises(error):
        parse_protocol(text)


@pytest.mark.rule("autodiscover-json-forms")
@pytest.mark.parametrize(
    ("rest", "email", "address"),
    [
        ("", "alice@example.com", "alice@example.com"),
        ("", " alice+tag@Example.com ", "alice+tag@example.com"),
        ("v1.0/alice@example.com", "", "alice@example.com"),
        ("V1.0/alice@example.com/", "", "alice@example.com"),
        ("v2/alice@example.com", "", "alice@example.com"),
        ("alice@example.com", "", "alice@example.com"),
        ("v1.0/alice+tag@example.com", "", "alice+tag@example.com"),
        ("v1.0/alice@example.com/more/of/it", "", "alice@example.com"),
        ("v1.0/a/b@example.com", "", "a/b@example.com"),
        ("v1.0/v1.0/b@example.com", "", "v1.0/b@example.com"),
        ("v1.0/alice@example.com", "bob@example.org", "alice@example.com"),
        ("v1.0", "bob@example.org", "bob@example.org"),
        ("v1.0/", "bob@example.org", "bob@example.org"),
        ("v1.0@example.org", "", "v1.0@example.org"),
        ("v1.0/älice@bücher.example", "", "älice@xn--bcher-kva.example"),
    ],
)
def test_user(rest: str, email: str, address: str) -> None:
    """The user is in the path, with or without a version before it, or else in the parameter."""
    assert str(parse_user(rest, email)) == address


@pytest.mark.parametrize(
    ("rest", "email", "error"),
    [
        ("", "", ParameterMissing),
        ("v1.0", " ", ParameterMissing),
        ("", "alice", AddressError),
        ("v1.0/alice", "", AddressError),
        ("v1.0/alice@", "", AddressError),
        ("v1.0/@example.com", "", AddressError),
        ("v1.0/a\N{REPLACEMENT CHARACTER}@example.com", "", AddressError),
        ("alice", "alice@example.com", AddressError),
    ],
)
def test_bad_user(rest: str, email: str, error: type[WaypostError]) -> None:
    """A missing or invalid address is refused."""
    with pytest.raises(error):
        parse_user(rest, email)


@pytest.mark.rule("autodiscover-json-answer")
@pytest.mark.parametrize(
    ("services", "protocol", "name", "url"),
    [
        (MAIL, Protocol.AUTODISCOVER_V1, "AutodiscoverV1", XML_URL),
        ((EAS,), Protocol.AUTODISCOVER_V1, "AutodiscoverV1", XML_URL),
        ((EAS,), Protocol.ACTIVESYNC, "ActiveSync", "https://eas.example.com/alice@example.com"),
        ((EWS, EAS), Protocol.EWS, "Ews", "https://ews.example.com/EWS/Exchange.asmx"),
    ],
)
def test_answer(services: tuple[Service, ...], protocol: Protocol, name: str, url: str) -> None:
    """The answer has the protocol in Exchange's spelling, and its URL, in this order."""
    body = render(config(*services), protocol, XML_URL)

    assert body.decode() == f'{{"Protocol":"{name}","Url":"{url}"}}'


@pytest.mark.rule("autodiscover-json-no-dead-end")
@pytest.mark.parametrize(
    ("services", "protocol"),
    [
        (MAIL, Protocol.ACTIVESYNC),
        (MAIL, Protocol.EWS),
        ((EAS,), Protocol.EWS),
        ((EWS,), Protocol.ACTIVESYNC),
        ((EWS,), Protocol.AUTODISCOVER_V1),
        ((url_service("ews", "http://ews.example.com/"),), Protocol.EWS),
        ((OPEN_EAS,), Protocol.ACTIVESYNC),
        ((OPEN_EAS,), Protocol.AUTODISCOVER_V1),
        ((host_service(),), Protocol.AUTODISCOVER_V1),
    ],
)
def test_not_offered(services: tuple[Service, ...], protocol: Protocol) -> None:
    """A missing service is refused, and no client is sent to XML that would be an error."""
    with pytest.raises(ServiceNotOffered):
        render(config(*services), protocol, XML_URL)


REFUSALS = [
    (DomainNotServed("x.example"), 404, "UserNotFound"),
    (UserDeclined("unknown"), 404, "UserNotFound"),
    (ServiceNotOffered("x.example"), 400, "ProtocolNotSupported"),
    (UnknownProtocol("x"), 400, "InvalidProtocol"),
    (ParameterMissing("Protocol"), 400, "MandatoryParameterMissing"),
    (AddressError("there is no @ in x"), 400, "MandatoryParameterMissing"),
    (RequestError("the query is too long"), 400, "InvalidRequest"),
    (StoreUnavailable("x.example"), 503, "InternalServerError"),
    (StoreError("x.example"), 503, "InternalServerError"),
]


@pytest.mark.rule("autodiscover-json-errors")
@pytest.mark.parametrize(("error", "status", "code"), REFUSALS)
def test_refusal(error: WaypostError, status: int, code: str) -> None:
    """Each refusal has its status and its ErrorCode, and repeats no text from the request."""
    answer = json.loads(render_refusal(error))

    assert list(answer) == ["ErrorCode", "ErrorMessage"]
    assert (status_of(error), answer["ErrorCode"]) == (status, code)
    assert "x.example" not in answer["ErrorMessage"]
    assert answer["ErrorMessage"].endswith(".")
