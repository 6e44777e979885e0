"""Checks of profiles against Apple's description of their keys."""

import plistlib
from pathlib import Path

import pytest

from tests.golden.cases import HERE as GOLDEN
from tests.standards.apple import COMMON, SEARCHES, TOP, descriptions
from waypost.diagnostics.document_checks import profile as profile_check
from waypost.diagnostics.document_checks.profile import profile_findings

GOOD = (GOLDEN / "everything" / "mobileconfig.plist").read_bytes()


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*/mobileconfig.plist")), ids=lambda p: p.parent.name
)
def test_documents_of_waypost_are_valid(path: Path) -> None:
    """Nothing is found in the profiles that Waypost writes."""
    assert profile_findings(path.read_bytes()) == []


BAD = [
    # old, new, what is found
    (b"<key>PayloadUUID</key>", b"<key>UUID</key>", "PayloadUUID is missing"),
    (b"<key>PayloadContent</key>", b"<key>Content</key>", "PayloadContent is missing"),
    (b"<string>Configuration</string>", b"<string>Other</string>", "is not Configuration"),
    (b"EmailTypeIMAP", b"EmailTypeJMAP", "EmailAccountType has a value that Apple does not know"),
    (b"<integer>993</integer>", b"<string>993</string>", "is of the type str, not int"),
    (b"IncomingMailServerHostName", b"IncomingHost", "IncomingHost is no key that Apple knows"),
    (b"CalDAVHostName", b"CalDAVHost", "CalDAVHostName is missing"),
    (b"<!DOCTYPE", b"<!DOCTYPE x [<!ENTITY a 'b'>]><!DOCTYPE", "it defines entities"),
    (b"<plist", b"<list", "it is no property list"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_bad(old: bytes, new: bytes, message: str) -> None:
    """Each thing that Apple's description does not allow is reported."""
    assert old in GOOD
    found = profile_findings(GOOD.replace(old, new))
    assert any(message in line for line in found), found


def test_identities() -> None:
    """Two payloads with one PayloadUUID are reported."""
    profile = plistlib.loads(GOOD)
    profile["PayloadContent"][0]["PayloadUUID"] = profile["PayloadUUID"]
    assert profile_findings(plistlib.dumps(profile)) == ["two PayloadUUIDs are the same"]


EXCHANGE = "com.apple.eas.account"
LDAP = "com.apple.ldap.account"
SEARCH_BASE = {"LDAPSearchSettingSearchBase": "dc=example"}
MORE = [
    # the payload, its keys, what is found
    (EXCHANGE, {"Host": "eas.example", "SSL": True, "EnableNotesUserOverridable": False}, []),
    (EXCHANGE, {"HostName": "eas.example"}, ["HostName is no key that Apple knows"]),
    (EXCHANGE, {"SSL": "yes"}, ["SSL is of the type str, not bool"]),
    (EXCHANGE, {"MailNumberOfPastDaysToSync": 2}, ["Sync has a value that Apple does not know"]),
    (LDAP, {"LDAPAccountHostName": "ldap.example", SEARCHES: [SEARCH_BASE]}, []),
    (LDAP, {"LDAPAccountUseSSL": True}, ["LDAPAccountHostName is missing"]),
    (
        LDAP,
        {"LDAPAccountHostName": "ldap.example", SEARCHES: [{"LDAPSearchSettingScope": "sub"}, ""]},
        [
            "LDAPSearchSettings: LDAPSearchSettingSearchBase is missing",
            "LDAPSearchSettingScope has a value that Apple does not know",
            "an entry of LDAPSearchSettings is no dictionary",
        ],
    ),
]


@pytest.mark.parametrize(("kind", "keys", "message"), MORE)
def test_exchange_and_address_books(kind: str, keys: dict[str, object], message: list[str]) -> None:
    """The keys of ActiveSync accounts and LDAP address books are known, too."""
    profile = plistlib.loads(GOOD)
    common = {key: profile["PayloadContent"][0][key] for key in profile_check.REQUIRED}
    profile["PayloadContent"] = [common | {"PayloadType": kind} | keys]
    found = profile_findings(plistlib.dumps(profile))
    assert len(found) == len(message), found
    assert all(line.endswith(end) for line, end in zip(found, message, strict=True)), found


@pytest.mark.parametrize("name", descriptions())
def test_keys_are_those_of_apple(name: str) -> None:
    """Our table has the keys, types, required keys and values of Apple's description."""
    special = {
        COMMON: (profile_check.COMMON_KEYS, profile_check.REQUIRED),
        TOP: (profile_check.TOP_LEVEL, (*profile_check.REQUIRED, "PayloadContent")),
        SEARCHES: (profile_check.LDAP_SEARCH, ("LDAPSearchSettingSearchBase",)),
    }
    keys, required_keys = special.get(name) or (
        profile_check.PAYLOADS[name],
        profile_check.REQUIRED_BY_TYPE.get(name, ()),
    )
    described = descriptions()[name]
    if name == TOP:
        described |= descriptions()[COMMON]
    assert keys == described.types
    assert {*required_keys} == described.required
    for key, values in described.values.items():
        if key != "PayloadType":
            assert profile_check.ALLOWED[key] == values


def test_all_payloads_are_compared() -> None:
    """Our table has no payload whose description is missing in the tests."""
    assert {*profile_check.PAYLOADS, COMMON, TOP, SEARCHES} == {*descriptions()}
    assert {key for description in descriptions().values() for key in description.values} == {
        *profile_check.ALLOWED,
        "PayloadType",
    }
