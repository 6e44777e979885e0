"""Properties that every client relies on, for every golden case."""

import plistlib
import re

import pytest
from lxml import etree

from tests.formats import reading
from tests.golden.cases import FORMATS, Case, cases

AUTOCONFIG = [case for case in cases() if "autoconfig.xml" in case.stored("autoconfig.xml")]
AUTODISCOVER = [case for case in cases() if "autodiscover.xml" in case.stored("autodiscover.xml")]
ACTIVESYNC = [case for case in cases() if "activesync.xml" in case.stored("activesync.xml")]
PROFILES = [case for case in cases() if "mobileconfig.plist" in case.stored("mobileconfig.plist")]

RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
MOBILESYNC = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
SOCKET_TYPES = {"SSL", "STARTTLS", "plain"}
METHODS = {
    *("password-cleartext", "password-encrypted", "NTLM", "GSSAPI", "TLS-client-cert", "OAuth2"),
    *("client-IP-address", "none"),
}
TYPES_1_1 = {"imap", "pop3", "smtp"}
ORDER = [
    *("Type", "TTL", "Server", "Port", "DomainRequired", "LoginName", "SPA", "SSL", "Encryption"),
    *("AuthRequired", "UsePOPAuth", "SMTPLast"),
]


def body(case: Case, file: str) -> bytes:
    """Return the current answer; tests/formats/test_golden.py compares it with the file."""
    return case.answers(file)[file]


@pytest.mark.rule(
    "autoconfig-id",
    "autoconfig-domain",
    "autoconfig-only-the-asked-domain",
    "autoconfig-imap-first",
    "autoconfig-version",
)
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_autoconfig(case: Case) -> None:
    """Enumerations are exact, IMAP is first, and only the requested domain is named."""
    root = etree.fromstring(body(case, "autoconfig.xml"))
    domain = case.config().domain
    named = [element.text for element in root.iter("domain")]
    assert named == list(dict.fromkeys([domain.ascii, domain.unicode]))
    assert [element.get("id") for element in root.iter("emailProvider")] == [domain.ascii]
    sections = reading.autoconfig(body(case, "autoconfig.xml"))
    for seen in sections:
        assert seen.security is None or seen.security in SOCKET_TYPES
        assert seen.port is None or 1 <= seen.port <= 65535
        assert all(method in METHODS or ":" in method for method in seen.methods)
    kinds = [seen.kind for seen in sections]
    if {"imap", "pop3"} <= set(kinds) and case.name != "pop3-preferred":
        assert kinds.index("imap") < kinds.index("pop3")
    is_1_1 = set(kinds) <= TYPES_1_1 and root.find("oAuth2") is None
    is_1_1 = is_1_1 and not any(":" in method for seen in sections for method in seen.methods)
    assert root.get("version") == ("1.1" if is_1_1 else "1.2")


@pytest.mark.rule("autodiscover-no-space", "autoconfig-no-space")
@pytest.mark.parametrize(
    ("case", "file"),
    [(case, "autoconfig.xml") for case in AUTOCONFIG]
    + [(case, "autodiscover.xml") for case in AUTODISCOVER]
    + [(case, "activesync.xml") for case in ACTIVESYNC],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_no_space_in_values(case: Case, file: str) -> None:
    """No value has white space around it: K-9 does not trim."""
    for element in etree.fromstring(body(case, file)).iter():
        if len(element) == 0 and element.text is not None:
            assert element.text == element.text.strip() != ""


@pytest.mark.rule(
    "autodiscover-namespaces",
    "autodiscover-account-order",
    "autodiscover-account-settings",
    "autodiscover-tls",
    "autodiscover-starttls",
    "autodiscover-no-protection",
    "autodiscover-ttl",
    "autodiscover-one-of-a-type",
    "autoconfig-then-action-first",
    "autoconfig-then-ssl-words",
)
@pytest.mark.parametrize("case", AUTODISCOVER, ids=lambda case: case.name)
def test_autodiscover(case: Case) -> None:
    """The elements have Microsoft's order, and STARTTLS is SSL on with Encryption TLS."""
    root = etree.fromstring(body(case, "autodiscover.xml"))
    (response,) = root
    assert root.tag == f"{{{RESPONSE}}}Autodiscover"
    assert {etree.QName(one).namespace for one in response.iter()} == {reading.OUTLOOK.strip("{}")}
    assert response.tag == f"{reading.OUTLOOK}Response"
    account = response.find(f"{reading.OUTLOOK}Account")
    assert account is not None
    children = [etree.QName(element).localname for element in account]
    head = children[: children.index("Protocol")]
    assert head in (["AccountType", "Action"], ["AccountType", "Action", "ServiceHome"])
    assert [reading.text(account, name) for name in ("AccountType", "Action")] == [
        "email",
        "settings",
    ]
    protocols = list(account.iter(f"{reading.OUTLOOK}Protocol"))
    types = [reading.text(protocol, "Type") for protocol in protocols]
    assert len(types) == len(set(types))
    for protocol in protocols:
        names = [etree.QName(element).localname for element in protocol]
        if reading.text(protocol, "Type") in {"IMAP", "POP3", "SMTP"}:
            assert names == [name for name in ORDER if name in names]
            pair = (reading.text(protocol, "SSL"), reading.text(protocol, "Encryption"))
            port = reading.text(protocol, "Port")
            assert (reading.text(protocol, "TTL"), len(set(names))) == ("1", len(names))
            assert pair in {("on", "SSL"), ("on", "TLS"), ("off", "None")}
            assert (pair == ("on", "SSL")) == (port in {"993", "995", "465"})


@pytest.mark.rule(
    "autodiscover-activesync-answer",
    "autodiscover-activesync-culture",
    "autodiscover-activesync-server",
    "autodiscover-activesync-user",
)
@pytest.mark.parametrize("case", ACTIVESYNC, ids=lambda case: case.name)
def test_activesync(case: Case) -> None:
    """ActiveSync's answer has one server, in Microsoft's order, and no mail services."""
    root = etree.fromstring(body(case, "activesync.xml"))
    (response,) = root
    names = [etree.QName(element).localname for element in response.iter()]
    assert {etree.QName(element).namespace for element in response.iter()} == {MOBILESYNC}
    config = case.config()
    named = ["DisplayName"] if config.user.display_name else []
    assert names == [
        *("Response", "Culture", "User", *named, "EMailAddress", "Action", "Settings"),
        *("Server", "Type", "Url", "Name"),
    ]
    user = [element.text for element in response[1]]
    assert user == [*filter(None, [config.user.display_name]), str(config.address)]
    values = [element.text for element in response.iter() if len(element) == 0]
    assert (root.tag, values[0]) == (f"{{{RESPONSE}}}Autodiscover", "en:us")
    assert {"IMAP", "POP3", "SMTP"}.isdisjoint(values)
    assert values[-3] == "MobileSync"
    assert values[-2] == values[-1]
    assert str(values[-1]).startswith("https://")


@pytest.mark.rule(
    "mobileconfig-every-payload",
    "mobileconfig-distinct-identities",
    "mobileconfig-top-level",
    "mobileconfig-identifier-form",
)
@pytest.mark.parametrize("case", PROFILES, ids=lambda case: case.name)
def test_profile_identities(case: Case) -> None:
    """All identifiers and UUIDs of a profile are different, and in Apple's format."""
    profile = plistlib.loads(body(case, "mobileconfig.plist"))
    parts = [profile, *profile["PayloadContent"]]
    for key in ("PayloadUUID", "PayloadIdentifier"):
        assert len({part[key] for part in parts}) == len(parts)
    reverse = ".".join(reversed(case.config().domain.ascii.split(".")))
    for part in parts:
        assert part["PayloadIdentifier"].startswith(f"{reverse}.")
        assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", part["PayloadUUID"])
        assert re.fullmatch(r"[a-z0-9.-]+", part["PayloadIdentifier"])
        assert (type(part["PayloadVersion"]), part["PayloadVersion"]) == (int, 1)
    assert profile["PayloadType"] == "Configuration"


@pytest.mark.rule(
    "mobileconfig-no-placeholder",
    "autodiscover-login-name",
    "autoconfig-no-placeholder-with-an-address",
)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_placeholder_where_an_address_is_known(case: Case) -> None:
    """With an address, no answer has a placeholder; without one, the login name has."""
    found = [case.answers(file) for file in FORMATS if file != "dns.zone"]
    answers = b"".join(body for answer in found for body in answer.values())

    assert (b"%EMAIL" in answers) is (case.name == "domain-only")
