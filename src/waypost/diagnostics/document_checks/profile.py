"""Checks of configuration profiles against Apple's description of their keys.

Source: apple/device-management, the profiles TopLevel, CommonPayloadKeys, com.apple.mail.managed,
com.apple.caldav.account, com.apple.carddav.account at b6202ca2; tests compare this table with them.
com.apple.eas.account and com.apple.ldap.account are from 0a4527c5.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from waypost.diagnostics.simulated_clients.documents import DOCUMENT_MAX_BYTES
from waypost.parsing import cms, property_list

Keys = Mapping[str, type]

COMMON_KEYS: Final[Keys] = {
    **dict.fromkeys(("PayloadIdentifier", "PayloadUUID", "PayloadType"), str),
    **dict.fromkeys(("PayloadDescription", "PayloadDisplayName", "PayloadOrganization"), str),
    "PayloadVersion": int,
}
REQUIRED: Final = ("PayloadIdentifier", "PayloadUUID", "PayloadType", "PayloadVersion")
_METHODS: Final = frozenset(
    {
        *("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM"),
        "EmailAuthHTTPMD5",
    }
)
ALLOWED: Final[Mapping[str, frozenset[object]]] = {
    "EmailAccountType": frozenset({"EmailTypeIMAP", "EmailTypePOP"}),
    "IncomingMailServerAuthentication": _METHODS,
    "OutgoingMailServerAuthentication": _METHODS,
    "LDAPSearchSettingScope": frozenset(
        f"LDAPSearchSettingScope{scope}" for scope in ("Base", "OneLevel", "Subtree")
    ),
    "MailNumberOfPastDaysToSync": frozenset({0, 1, 3, 7, 14, 31}),
    "PayloadScope": frozenset({"System", "User"}),
    "PayloadVersion": frozenset({1}),
    "TargetDeviceType": frozenset(range(7)),
}
TOP_LEVEL: Final[Keys] = {
    **COMMON_KEYS,
    **dict.fromkeys(("IsEncrypted", "HasRemovalPasscode", "PayloadRemovalDisallowed"), bool),
    **dict.fromkeys(("RemovalDate", "PayloadExpirationDate"), datetime),
    "PayloadContent": list,
    "EncryptedPayloadContent": bytes,
    "PayloadScope": str,
    "DurationUntilRemoval": float,
    "TargetDeviceType": int,
    "ConsentText": dict,
}
_MAIL_SWITCHES: Final = (
    *("PreventMove", "PreventAppSheet", "disableMailRecentsSyncing", "allowMailDrop"),
    *("SMIMEEnabled", "SMIMESigningEnabled", "SMIMEEncryptionEnabled", "SMIMEEncryptByDefault"),
    *("SMIMEEnablePerMessageSwitch", "SMIMEEnableEncryptionPerMessageSwitch"),
    *("SMIMESigningUserOverrideable", "SMIMEEncryptByDefaultUserOverrideable"),
    "SMIMESigningCertificateUUIDUserOverrideable",
    "SMIMEEncryptionCertificateUUIDUserOverrideable",
)
_LDAP: Final = "com.apple.ldap.account"
_EXCHANGE_PARTS: Final = ("Mail", "Contacts", "Calendars", "Reminders", "Notes")
LDAP_SEARCH: Final[Keys] = dict.fromkeys(
    (
        *("LDAPSearchSettingDescription", "LDAPSearchSettingSearchBase"),
        "LDAPSearchSettingScope",
    ),
    str,
)
PAYLOADS: Final[Mapping[str, Keys]] = {
    "com.apple.mail.managed": {
        **dict.fromkeys(
            (
                *("EmailAccountDescription", "EmailAccountName", "EmailAccountType"),
                *("EmailAddress", "IncomingPassword", "OutgoingPassword", "VPNUUID"),
                *("IncomingMailServerAuthentication", "OutgoingMailServerAuthentication"),
                *("IncomingMailServerHostName", "OutgoingMailServerHostName"),
                *("IncomingMailServerUsername", "OutgoingMailServerUsername"),
                *("IncomingMailServerIMAPPathPrefix", "SMIMESigningCertificateUUID"),
                "SMIMEEncryptionCertificateUUID",
            ),
            str,
        ),
        **dict.fromkeys(("IncomingMailServerPortNumber", "OutgoingMailServerPortNumber"), int),
        **dict.fromkeys(
            (
                *("IncomingMailServerUseSSL", "OutgoingMailServerUseSSL"),
                "OutgoingPasswordSameAsIncomingPassword",
                *_MAIL_SWITCHES,
            ),
            bool,
        ),
    },
    "com.apple.eas.account": {
        **dict.fromkeys(
            (
                *("EmailAddress", "Host", "UserName", "Password", "CertificateName"),
                *("CertificatePassword", "PayloadCertificateUUID", "HeaderMagic"),
                *("SMIMESigningCertificateUUID", "SMIMEEncryptionCertificateUUID"),
                *("OAuthSignInURL", "OAuthTokenRequestURL", "VPNUUID"),
            ),
            str,
        ),
        **dict.fromkeys(("SSL", "OAuth", "OverridePreviousPassword", *_MAIL_SWITCHES), bool),
        **dict.fromkeys((f"Enable{part}" for part in _EXCHANGE_PARTS), bool),
        **dict.fromkeys((f"Enable{part}UserOverridable" for part in _EXCHANGE_PARTS), bool),
        "Certificate": bytes,
        "MailNumberOfPastDaysToSync": int,
        "CommunicationServiceRules": dict,
    },
    _LDAP: {
        **dict.fromkeys(("LDAPAccountDescription", "LDAPAccountHostName", "VPNUUID"), str),
        **dict.fromkeys(("LDAPAccountUserName", "LDAPAccountPassword"), str),
        "LDAPAccountUseSSL": bool,
        "LDAPSearchSettings": list,
    },
    "com.apple.caldav.account": {
        **dict.fromkeys(("CalDAVAccountDescription", "CalDAVHostName", "CalDAVUsername"), str),
        **dict.fromkeys(("CalDAVPassword", "CalDAVPrincipalURL", "VPNUUID"), str),
        "CalDAVUseSSL": bool,
        "CalDAVPort": int,
    },
    "com.apple.carddav.account": {
        **dict.fromkeys(("CardDAVAccountDescription", "CardDAVHostName", "CardDAVUsername"), str),
        **dict.fromkeys(("CardDAVPassword", "CardDAVPrincipalURL", "VPNUUID"), str),
        "CardDAVUseSSL": bool,
        "CardDAVPort": int,
        "CommunicationServiceRules": dict,
    },
}
REQUIRED_BY_TYPE: Final[Mapping[str, tuple[str, ...]]] = {
    "com.apple.mail.managed": (
        *("EmailAccountType", "IncomingMailServerAuthentication", "IncomingMailServerHostName"),
        *("OutgoingMailServerAuthentication", "OutgoingMailServerHostName"),
    ),
    "com.apple.caldav.account": ("CalDAVHostName",),
    "com.apple.carddav.account": ("CardDAVHostName",),
    _LDAP: ("LDAPAccountHostName",),
}


def profile_findings(body: bytes) -> list[str]:
    """Return what is wrong with a profile, signed or not."""
    if len(body) > DOCUMENT_MAX_BYTES:
        return [f"it is longer than {DOCUMENT_MAX_BYTES} bytes"]
    try:
        content = cms.content_of(body) if cms.is_signed(body) else body
        if b"<!ENTITY" in content:
            return ["it defines entities"]
        profile = property_list.parse(content)
    except cms.CmsError as error:
        return [f"its signature cannot be read: {error}"]
    except property_list.NotAPropertyList:
        return ["it is no property list"]
    if not isinstance(profile, dict):
        return ["it is no dictionary"]
    findings = list(_key_findings("the profile", profile, TOP_LEVEL, (*REQUIRED, "PayloadContent")))
    if profile.get("PayloadType") != "Configuration":
        findings.append("the profile: PayloadType is not Configuration")
    payloads = profile.get("PayloadContent")
    identities: list[object] = [profile.get("PayloadUUID")]
    for payload in payloads if isinstance(payloads, list) else ():
        if not isinstance(payload, dict):
            findings.append("a payload is no dictionary")
            continue
        findings += _payload_findings(payload)
        identities.append(payload.get("PayloadUUID"))
    if len({f"{uuid}" for uuid in identities}) != len(identities):
        findings.append("two PayloadUUIDs are the same")
    return list(dict.fromkeys(findings))


def _payload_findings(payload: Mapping[str, Any]) -> Iterator[str]:
    kind = f"{payload.get('PayloadType')}"[:60]
    keys = PAYLOADS.get(kind)
    required_keys = (*REQUIRED, *REQUIRED_BY_TYPE.get(kind, ()))
    # The keys of payloads of other types are not known here.
    yield from _key_findings(
        kind, payload, {**COMMON_KEYS, **keys} if keys else None, required_keys
    )
    searches = payload.get("LDAPSearchSettings") if kind == _LDAP else None
    for search in searches if isinstance(searches, list) else ():
        if isinstance(search, dict):
            required_keys = ("LDAPSearchSettingSearchBase",)
            yield from _key_findings(
                f"{kind}: LDAPSearchSettings", search, LDAP_SEARCH, required_keys
            )
        else:
            yield f"{kind}: an entry of LDAPSearchSettings is no dictionary"


def _key_findings(
    location: str, dictionary: Mapping[str, Any], keys: Keys | None, required_keys: tuple[str, ...]
) -> Iterator[str]:
    for key in required_keys:
        if key not in dictionary:
            yield f"{location}: {key} is missing"
    for key, value in dictionary.items():
        name = f"{location}: {key[:60]}"
        expected_type = (COMMON_KEYS if keys is None else keys).get(key)
        if expected_type is None and keys is not None:
            yield f"{name} is no key that Apple knows"
        elif expected_type is not None and type(value) is not expected_type:
            yield f"{name} is of the type {type(value).__name__}, not {expected_type.__name__}"
        elif key in ALLOWED and keys is not None and value not in ALLOWED[key]:
            yield f"{name} has a value that Apple does not know"
