"""Checks of documents against their standards."""

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.golden.cases import Case, cases
from tests.standards import autoconfig
from waypost.diagnostics.document_checks import mail_documents
from waypost.diagnostics.document_checks.mail_documents import (
    autoconfig_findings,
    autodiscover_findings,
)

GOLDEN = {case.name: case for case in cases()}
# These hold what is warned of, because their operator wants it so.
ODD = {"unprotected", "protected-and-unprotected", "pop3-preferred", "secure-passwords"}


def stored(case: Case, name: str) -> bytes:
    return (case.folder / name).read_bytes()


GOOD = stored(GOLDEN["at-home"], "autoconfig.xml")
GOOD_POX = stored(GOLDEN["imap-and-pop3"], "autodiscover.xml")
WITHOUT_TLS = "there is no TLS; Thunderbird for Android refuses the whole document"

BAD = [
    # old, new, what is found
    ("<clientConfig", "<config", "not well-formed XML"),
    ('id="example.com"', 'id="my provider"', "the id of emailProvider is not a host name"),
    ("<domain>example.com</domain>", "", "there is no domain"),
    ("</domain>", "</domain><domain>b.example</domain>", "2 domains are named"),
    (' type="imap"', "", "incomingServer : there is no type"),
    ("<port>993</port>", "<port>0</port>", "incomingServer imap: port '0' is invalid"),
    (">imap.example.com<", ">imap example<", "hostname 'imap example' is not a host name"),
    (">imap.example.com<", ">imap.example.com\n<", "white space around the value of hostname"),
    (">SSL<", ">ssl<", "socketType 'ssl' is not one of SSL, STARTTLS, plain"),
    (">SSL<", ">plain<", WITHOUT_TLS),
    (">password-cleartext<", ">plain<", "authentication plain is an old name"),
    (">password-cleartext<", ">OAuth<", "authentication 'OAuth' is not known"),
    ("<authentication>password-cleartext</authentication>", "", "there is no authentication"),
    ("incomingServer", "inServer", "there is no incomingServer"),
    (
        "</emailProvider>",
        '</emailProvider><calendar type="caldav"/>',
        "calendar caldav: there is no url",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_autoconfig(old: str, new: str, message: str) -> None:
    """Each thing that the draft does not allow is reported."""
    document = GOOD.decode()
    assert old in document
    found = autoconfig_findings(document.replace(old, new).encode())
    assert any(message in line for line in found), found


BAD_POX = [
    # old, new, what is found
    ("autodiscover/responseschema/2006", "autodiscover/schema/2006", "Microsoft's namespace"),
    ("outlook/responseschema/2006a", "outlook/responseschema/2006", "Outlook's namespace"),
    ("<Type>IMAP</Type>", "<Type>POP3</Type>", "there are 2 POP3 servers"),
    ("<SSL>on</SSL>", "<SSL>yes</SSL>", "IMAP: SSL 'yes' is neither on nor off"),
    ("<SPA>off</SPA>", "", "IMAP: SPA is not off"),
    ("<Port>993</Port>", "<Port/>", "IMAP: port '' is invalid"),
    ("<Encryption>SSL<", "<Encryption>TLS<", "IMAP: Encryption TLS does not fit port 993"),
    (
        "<SSL>on</SSL>\n        <Encryption>SSL",
        "<SSL>off</SSL>\n        <Encryption>TLS",
        "SSL is off",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_POX)
def test_autodiscover(old: str, new: str, message: str) -> None:
    """Each thing that Microsoft's pages do not allow is reported."""
    document = GOOD_POX.decode()
    assert old in document
    found = autodiscover_findings(document.replace(old, new).encode())
    assert any(message in line for line in found), found


def test_order_of_protocols() -> None:
    """POP3 before IMAP is reported, because clients use the first."""
    text = GOOD_POX.decode().replace("IMAP", "X").replace("POP3", "IMAP").replace(">X<", ">POP3<")
    assert "POP3 comes before IMAP, and clients use the first" in autodiscover_findings(
        text.encode()
    )


@pytest.mark.parametrize("case", [case for case in GOLDEN.values() if case.name not in ODD])
def test_documents_of_waypost_are_valid(case: Case) -> None:
    """Nothing is found in the documents that Waypost writes."""
    for name, findings in (
        ("autoconfig.xml", autoconfig_findings),
        ("autodiscover.xml", autodiscover_findings),
    ):
        if (case.folder / name).exists():
            assert findings(stored(case, name)) == []


BY_SCHEMA = [
    # old, new: what the draft's schema does not allow there
    ('<clientConfig version="1.1">', "<clientConfig>"),
    (' id="example.com"', ""),
    ("<domain>example.com</domain>", "<domain>example.com</domain><port>993</port>"),
    ("<port>993</port>", "<port>imap</port>"),
    ("<port>993</port>", "<port>993</port><emailProvider/>"),
    (' type="imap"', ""),
    ("<clientConfig", '<clientConfig xmlns="urn:x"'),
    ("</emailProvider>", "<documentation/></emailProvider>"),
]


@pytest.mark.parametrize(("old", "new"), BY_SCHEMA)
def test_autoconfig_schema(old: str, new: str) -> None:
    """An element that is not allowed is reported with its line, if the document can be parsed."""
    text = GOOD.decode()
    assert old in text or "version" in old
    document = re.sub("<clientConfig[^>]*>", new, text) if "version" in old else None
    found = autoconfig_findings((document or text.replace(old, new, 1)).encode())
    assert any("(the draft's schema)" in line for line in found), found


FOREIGN = [
    ("</emailProvider>", "<x:y xmlns:x='urn:x'><port>a</port></x:y></emailProvider>"),
    ("<port>993</port>", "<port new='1'>993</port><novel>1</novel>"),
    ("</clientConfig>", "<webMail><loginPage url='https://a.example/'/></webMail></clientConfig>"),
]


@pytest.mark.parametrize(("old", "new"), FOREIGN)
def test_unknown_namespaces_are_ignored(old: str, new: str) -> None:
    """Elements and attributes of other namespaces are allowed anywhere (s"XML validation")."""
    assert autoconfig_findings(GOOD.decode().replace(old, new, 1).encode()) == []


def test_schema_follows_the_draft() -> None:
    """Our schema accepts and refuses the same documents as the table of the draft's rules."""
    schema = etree.RelaxNG(
        etree.parse(Path(mail_documents.__file__).with_name(mail_documents.SCHEMA))
    )
    assert autoconfig.disagreements(schema) == []


BAD_ACCOUNTS = [
    # old, new, what is found
    ("<Action>settings</Action>", "", "Action is not before Protocol"),
    ("<AccountType>email</AccountType>", "", "AccountType is not before Protocol"),
    (">settings<", ">redirectUrl<", "Action is 'redirectUrl', not settings"),
    ("Account>", "Accounts>", "there are 0 Account elements"),
    ("<Server>imap.example.com</Server>", "<Server/>", "IMAP: there is no Server"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_ACCOUNTS)
def test_account(old: str, new: str, message: str) -> None:
    """An account must be complete before its Protocols are read."""
    text = GOOD_POX.decode()
    assert old in text
    found = autodiscover_findings(text.replace(old, new).encode())
    assert any(message in line for line in found), found
