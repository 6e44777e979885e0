"""The table of Apple's payloads finds what it must find."""

from typing import Any

import pytest

from tests.standards.apple import complaints, descriptions

MAIL: dict[str, Any] = {
    **dict.fromkeys(("PayloadIdentifier", "PayloadUUID"), "x"),
    **{f"{way}MailServerHostName": "mail.example" for way in ("Incoming", "Outgoing")},
    **{f"{way}MailServerAuthentication": "EmailAuthNone" for way in ("Incoming", "Outgoing")},
    "PayloadType": "com.apple.mail.managed",
    "PayloadVersion": 1,
    "EmailAccountType": "EmailTypeIMAP",
}
LDAP: dict[str, Any] = {
    **dict.fromkeys(("PayloadIdentifier", "PayloadUUID", "LDAPAccountHostName"), "x"),
    "PayloadType": "com.apple.ldap.account",
    "PayloadVersion": 1,
}
BAD = [
    # payload, what is found
    (MAIL | {"EmailAccountType": "X"}, "EmailAccountType: 'X' is not allowed"),
    (MAIL | {"IncomingMailServerPortNumber": "993"}, "PortNumber: '993' is not of type int"),
    (MAIL | {"PreventMove": 1}, "PreventMove: 1 is not of type bool"),
    (MAIL | {"SMIMESigningCertificateUUID": "1-2"}, "UUID: '1-2' is not a UUID"),
    (MAIL | {"Nonsense": 1}, "Nonsense: unknown"),
    (MAIL | {"PayloadVersion": 2}, "PayloadVersion: 2 is not allowed"),
    ({key: MAIL[key] for key in MAIL if key[:8] != "Outgoing"}, "ServerHostName: missing"),
    ({key: MAIL[key] for key in MAIL if key != "PayloadUUID"}, "PayloadUUID: missing"),
    (LDAP | {"LDAPSearchSettings": [{}]}, "LDAPSearchSettingSearchBase: missing"),
]


@pytest.mark.parametrize("payload", [MAIL, LDAP], ids=lambda one: one["PayloadType"])
def test_good_payloads(payload: dict[str, Any]) -> None:
    """A payload with all required keys has no complaint."""
    assert complaints(payload) == []


@pytest.mark.parametrize(("payload", "said"), BAD)
def test_bad_payloads(payload: dict[str, Any], said: str) -> None:
    """Missing and unknown keys, wrong types and wrong values are found."""
    assert any(said in one for one in complaints(payload)), complaints(payload)


def test_descriptions_agree_with_themselves() -> None:
    """Each key that is required, or has only some values, also has a type."""
    common = {*descriptions()["CommonPayloadKeys"].types}
    for name, one in descriptions().items():
        assert {*one.required, *one.values, *one.uuids} <= {*one.types} | common, name
