"""Autodiscover's error answers: every code of MS-OXDSCLI in its case."""

import pytest
from lxml import etree

from tests.formats import reading
from waypost.core.errors import (
    AddressError,
    DomainNotServed,
    IncompleteMailService,
    NoUsableService,
    RequestError,
    RequestTooLarge,
    ServiceNotOffered,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    UnknownSchema,
    UserDeclined,
    WaypostError,
)
from waypost.formats.autodiscover.pox import render_refusal

RESPONSE = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
CODES = [
    (DomainNotServed("x"), "500"),
    (UserDeclined("x"), "500"),
    (NoUsableService("x"), "501"),
    (RequestError("x"), "600"),
    (RequestTooLarge(1), "600"),
    (AddressError("x"), "600"),
    (UnknownSchema("x"), "601"),
    (ServiceNotOffered("x"), "601"),
    (IncompleteMailService("x"), "602"),
    (StoreUnavailable("x"), "603"),
    (StoreBusy("x"), "603"),
    (StoreError("x"), "603"),
]


@pytest.mark.rule(
    "autodiscover-error-shape",
    "autodiscover-error-500",
    "autodiscover-error-501",
    "autodiscover-error-600",
    "autodiscover-error-601",
    "autodiscover-error-602",
    "autodiscover-error-603",
)
@pytest.mark.parametrize(("error", "code"), CODES)
def test_error(error: WaypostError, code: str) -> None:
    """An error is in the outer schema, with Time, Id, its code, a message and DebugData."""
    root = etree.fromstring(render_refusal(error))
    ((found,),) = root

    assert root.tag == f"{RESPONSE}Autodiscover"
    assert found.tag == f"{RESPONSE}Error"
    assert list(found.attrib) == ["Time", "Id"]
    assert str(found.get("Time")).count(":") == 2
    assert str(found.get("Id")).isdigit()
    assert [etree.QName(child).localname for child in found] == [
        "ErrorCode",
        "Message",
        "DebugData",
    ]
    assert reading.text(found, "ErrorCode") == code
    assert len(reading.text(found, "Message") or "") > 10


def test_every_code_is_used() -> None:
    """All six codes of MS-OXDSCLI occur."""
    assert {code for _, code in CODES} == {"500", "501", "600", "601", "602", "603"}
