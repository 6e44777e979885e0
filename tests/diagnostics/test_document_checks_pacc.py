"""Checks of PACC documents, and of their digest in DNS."""

from pathlib import Path

import pytest

from tests.golden.cases import HERE as GOLDEN
from tests.golden.cases import Case
from waypost.diagnostics.document_checks.pacc import digest_findings, pacc_findings
from waypost.formats.pacc.document import digest_record, render

BODY = render(Case("everything").config(alone=True))
GOOD = BODY.decode()


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*/pacc*.json")), ids=lambda path: path.parent.name
)
def test_documents_of_waypost_are_valid(path: Path) -> None:
    """Nothing is found in the documents that Waypost writes, nor in their TXT records."""
    body = path.read_bytes()
    assert pacc_findings(body) == []
    assert digest_findings(body, [digest_record(body)]) == []


BAD = [
    # old, new, what is found
    ("{", "", "it is no JSON"),
    ('"protocols"', '"protocol"', "protocols is missing, or no object"),
    ('"authentication":{"password":true}', '"authentication":1', "authentication is missing"),
    ('"password":true', '"password":"yes"', "password is missing, or neither true nor false"),
    ('"password":true', '"password":true,"oauth-public":{}', "issuer is no https URL"),
    ('"imap":{"host":"imap.example.com"}', '"imap":{}', "imap: host is no host name"),
    ('"imap":{"host":"imap.example.com"}', '"imap":[]', "imap is no object"),
    ("https://jmap.example.com/", "http://jmap.example.com/", "jmap: url is no https URL"),
    ("https://jmap.example.com/", "https://jmap.example.com:8/", "jmap: url contains a port"),
    ('"name":"Example Inc."', '"name":"x","logo":[{"url":"https://a.example/"}]', "a logo has no"),
    ('"info":{', '"info":{"help":{"contact":"a@b.example"},', "contact in help is no array"),
    ('"name":"Example Inc."', '"name":1', "info: provider has no name"),
    ("Example Inc.", "E" * 61, "info: name is longer than 60 characters"),
    ('"shortName":"Example"', f'"shortName":"{"E" * 21}"', "longer than 20 characters"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_bad(old: str, new: str, message: str) -> None:
    """Each thing that the draft does not allow is reported."""
    assert old in GOOD
    found = pacc_findings(GOOD.replace(old, new, 1).encode())
    assert any(message in line for line in found), found


def test_only_unknown_protocols() -> None:
    """A document without any known protocol is reported; unknown members are not."""
    document = (
        b'{"authentication":{"password":true},"info":{"provider":{"name":"x"}},"protocols":%s}'
    )
    assert pacc_findings(document % b'{"x":1}') == ["protocols: none that the draft knows"]
    assert pacc_findings(document % b'{"x":1,"submit":{"host":"a.example"}}') == []


RIGHT = digest_record(BODY)
RECORDS = [
    # TXT records, what is found
    ([RIGHT], ""),
    (["v=spf1 -all", RIGHT.replace("v=UAAC1; a=sha256; d=", "V=UAAC1;A=SHA256;D=")], ""),
    ([RIGHT.replace("d=", "d=x"), RIGHT], ""),
    ([], "there is no TXT record _ua-auto-config"),
    (["v=spf1 -all"], "there is no TXT record _ua-auto-config"),
    ([RIGHT.replace("d=", "d=x")], "has the digest of the document"),
    ([RIGHT.replace("sha256", "md5")], "has the digest of the document"),
]


@pytest.mark.parametrize(("texts", "message"), RECORDS)
def test_digest(texts: list[str], message: str) -> None:
    """One of the records must have the digest of the document, byte by byte."""
    found = digest_findings(BODY, texts)
    assert message in "; ".join(found)
    assert bool(found) == bool(message)
