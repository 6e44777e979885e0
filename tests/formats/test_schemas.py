"""Every golden case against the schemas of the draft and of Apple."""

import plistlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from tests.formats.test_values import AUTOCONFIG, PROFILES, body
from tests.golden.cases import Case

PLIST_TYPES = {
    "<string>": str,
    "<integer>": int,
    "<boolean>": bool,
    "<array>": list,
    "<dictionary>": dict,
    "<real>": float,
    "<date>": datetime,
}
# The keys that Apple requires, for a check without the schemas.
REQUIRED = {
    "Configuration": {"PayloadContent"},
    "com.apple.mail.managed": {
        *("EmailAccountType", "IncomingMailServerAuthentication", "IncomingMailServerHostName"),
        *("OutgoingMailServerAuthentication", "OutgoingMailServerHostName"),
    },
    "com.apple.caldav.account": {"CalDAVHostName"},
    "com.apple.carddav.account": {"CardDAVHostName"},
    "com.apple.eas.account": set(),
    "com.apple.ldap.account": {"LDAPAccountHostName"},
}
# Facts of the descriptions that are in another place than the others: key and type.
EXCHANGE = {
    "EmailAddress": "<string>",
    "Host": "<string>",
    "UserName": "<string>",
    "Password": "<string>",
    **dict.fromkeys(("SSL", "OAuth", "EnableMail"), "<boolean>"),
    **dict.fromkeys(("EnableContacts", "EnableCalendars"), "<boolean>"),
    **dict.fromkeys(("SMIMESigningUserOverrideable", "allowMailDrop"), "<boolean>"),
    "SMIMESigningCertificateUUIDUserOverrideable": "<boolean>",
    "SMIMEEncryptionCertificateUUIDUserOverrideable": "<boolean>",
    "SMIMEEnableEncryptionPerMessageSwitch": "<boolean>",
}


ADDRESS_BOOK = {
    **dict.fromkeys(("LDAPAccountDescription", "LDAPAccountHostName"), "<string>"),
    **dict.fromkeys(("LDAPAccountUserName", "LDAPAccountPassword"), "<string>"),
    "LDAPAccountUseSSL": "<boolean>",
    "LDAPSearchSettings": "<array>",
}
TABLES = {"com.apple.eas.account": EXCHANGE, "com.apple.ldap.account": ADDRESS_BOOK}
# The same for a dictionary in LDAPSearchSettings.
SEARCH = {
    "payloadkeys": [
        {"key": "LDAPSearchSettingDescription", "type": "<string>", "presence": "optional"},
        {"key": "LDAPSearchSettingSearchBase", "type": "<string>", "presence": "required"},
        {
            "key": "LDAPSearchSettingScope",
            "type": "<string>",
            "presence": "optional",
            "rangelist": [
                f"LDAPSearchSettingScope{scope}" for scope in ("Base", "OneLevel", "Subtree")
            ],
        },
    ]
}


@pytest.mark.rule("autoconfig-schema")
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_relax_ng(case: Case, shared: Path) -> None:
    """The document is valid according to the draft's RELAX NG schema."""
    schema = etree.RelaxNG(etree.parse(str(shared / "autoconfig" / "autoconfig.rng")))

    schema.assertValid(etree.fromstring(body(case, "autoconfig.xml")))


def test_relax_ng_refuses(shared: Path) -> None:
    """The schema check works: it refuses a server section without a type."""
    schema = etree.RelaxNG(etree.parse(str(shared / "autoconfig" / "autoconfig.rng")))
    text = b'<clientConfig version="1"><emailProvider id="x"><incomingServer/></emailProvider>'
    text += b"</clientConfig>"

    assert not schema.validate(etree.fromstring(text))


def complaints(payload: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the violations of Apple's description."""
    keys = {entry["key"]: entry for entry in schema["payloadkeys"]}
    found = [
        f"{key}: missing"
        for key, e in keys.items()
        if e["presence"] == "required" and key not in payload
    ]
    for key, value in payload.items():
        entry = keys.get(key)
        if entry is None:
            found.append(f"{key}: unknown")
        elif type(value) is not PLIST_TYPES[entry["type"]]:
            found.append(f"{key}: {value!r} is no {entry['type']}")
        elif "rangelist" in entry and value not in entry["rangelist"]:
            found.append(f"{key}: {value!r} is not allowed")
        elif "format" in entry and not re.fullmatch(entry["format"], str(value)):
            found.append(f"{key}: {value!r} has the wrong form")
    return found


@cache
def schema_of(shared: Path, payload_type: str) -> dict[str, Any]:
    """Read Apple's description of a payload, with the keys that all payloads have."""
    name = "TopLevel" if payload_type == "Configuration" else payload_type
    own: dict[str, Any]
    if name in TABLES:
        keys = [{"key": k, "type": t, "presence": "optional"} for k, t in TABLES[name].items()]
        own = {"payloadkeys": keys}
    else:
        own = yaml.safe_load((shared / "apple" / f"{name}.yaml").read_text("utf-8"))
    common = yaml.safe_load((shared / "apple" / "CommonPayloadKeys.yaml").read_text("utf-8"))
    described = {entry["key"] for entry in own["payloadkeys"]}
    own["payloadkeys"] += [e for e in common["payloadkeys"] if e["key"] not in described]
    return own


@pytest.mark.rule("mobileconfig-top-level", "mobileconfig-every-payload", "mobileconfig-known-keys")
@pytest.mark.parametrize("case", PROFILES, ids=lambda case: case.name)
def test_apple(case: Case, shared: Path) -> None:
    """The profile and each payload have all keys that Apple requires, and no unknown ones."""
    profile = plistlib.loads(body(case, "mobileconfig.plist"))

    for payload in [profile, *profile["PayloadContent"]]:
        assert complaints(payload, schema_of(shared, payload["PayloadType"])) == []
        for search in payload.get("LDAPSearchSettings", ()):
            assert complaints(search, SEARCH) == []


def test_apple_refuses(shared: Path) -> None:
    """The check works: it finds missing and unknown keys, and wrong types and values."""
    schema = schema_of(shared, "com.apple.mail.managed")
    payload = {"EmailAccountType": "X", "IncomingMailServerPortNumber": "993", "Nonsense": 1}

    found = " ".join(complaints(payload, schema))

    for word in ("HostName: missing", "X' is not allowed", "is no <integer>", "Nonsense: unknown"):
        assert word in found


@pytest.mark.rule("mobileconfig-top-level")
@pytest.mark.parametrize("case", PROFILES, ids=lambda case: case.name)
def test_required_keys(case: Case) -> None:
    """The keys that Apple requires are present."""
    profile = plistlib.loads(body(case, "mobileconfig.plist"))

    for payload in [profile, *profile["PayloadContent"]]:
        assert payload.keys() >= REQUIRED[payload["PayloadType"]]
