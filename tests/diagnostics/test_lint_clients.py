"""The linter against the reading rules of clients, for every golden answer.

The rules were read in the clients' sources in 2026-08; each is written here once more, as a reader
of documents, so that it knows nothing of the linter.
"""

from dataclasses import dataclass

import pytest

from tests.formats import reading
from tests.formats.test_values import AUTOCONFIG, body
from tests.golden.cases import Case
from waypost.diagnostics.lint.linter import lint

PASSWORDS = {"password-cleartext", "password-encrypted"}
K9_METHODS = PASSWORDS | {"OAuth2"}
K9_FINDINGS = {"modern-only", "pop3-only", "plain-section", "k9-authentication", "no-login-name"}
K9_FINDINGS |= {"oauth2-alone", "password-later"}
# What Thunderbird can do for hosts that its built-in table of OAuth2 issuers does not name.
THUNDERBIRD_INCOMING = {"password-cleartext", "password-encrypted", "GSSAPI", "NTLM"}
THUNDERBIRD_OUTGOING = THUNDERBIRD_INCOMING | {"none", "client-IP-address"}
THUNDERBIRD_FINDINGS = {"modern-only", "oauth2-alone", "unknown-authentication"}


@dataclass(frozen=True)
class Account:
    """The kind of the incoming server, and the method of both servers."""

    kind: str
    incoming: str
    outgoing: str


def k9(document: bytes) -> Account | None:
    """Read as K-9 does: one section that it cannot use makes it refuse the document.

    Of the first IMAP and SMTP section it takes OAuth2 out then, for hosts that it does not know.
    """
    methods = {"imap": "", "smtp": ""}
    for seen in reading.autoconfig(document):
        if seen.kind not in methods:
            continue
        usable = [method for method in seen.methods if method in K9_METHODS]
        is_working = seen.place and seen.port and seen.login and usable
        if not is_working or seen.security not in {"SSL", "STARTTLS"}:
            return None
        known = [method for method in usable if method in PASSWORDS]
        methods[seen.kind] = methods[seen.kind] or next(iter(known), "nothing")
    is_whole = PASSWORDS.issuperset(methods.values())
    return Account("imap", methods["imap"], methods["smtp"]) if is_whole else None


def thunderbird(document: bytes) -> Account | None:
    """Read as Thunderbird does for hosts whose OAuth2 issuer it does not know."""
    incoming: tuple[str, str] | None = None
    outgoing = ""
    for seen in reading.autoconfig(document):
        known = THUNDERBIRD_OUTGOING if seen.kind == "smtp" else THUNDERBIRD_INCOMING
        method = next((method for method in seen.methods if method in known), None)
        if method is None:
            continue
        if seen.kind == "smtp" and (seen.login or method not in PASSWORDS):
            outgoing = outgoing or method
        elif seen.kind in {"imap", "pop3"} and seen.login is not None:
            incoming = incoming or (seen.kind, method)
    return Account(*incoming, outgoing) if incoming is not None and outgoing else None


def codes(case: Case) -> set[str]:
    return {finding.code for finding in lint(None, case.config().services)}


@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_k9(case: Case) -> None:
    """K-9 finds no account in a document if, and only if, the linter names a reason."""
    is_refused = k9(body(case, "autoconfig.xml")) is None
    assert is_refused == bool(codes(case) & K9_FINDINGS)


@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_thunderbird(case: Case) -> None:
    """Thunderbird has the same rule for hosts whose OAuth2 issuer it does not know."""
    is_refused = thunderbird(body(case, "autoconfig.xml")) is None
    assert is_refused == bool(codes(case) & THUNDERBIRD_FINDINGS)


def test_thunderbird_without_the_issuer() -> None:
    """Thunderbird uses a password after OAuth2 if it does not know the issuer."""
    found = thunderbird(body(Case("oauth2"), "autoconfig.xml"))
    assert found == Account("imap", "password-cleartext", "password-cleartext")
    assert thunderbird(body(Case("oauth2-alone"), "autoconfig.xml")) is None


def test_golden_cases_are_accepted_and_refused() -> None:
    """The golden answers contain documents that each client accepts, and some that it refuses."""
    for read in (k9, thunderbird):
        assert {read(body(case, "autoconfig.xml")) is None for case in AUTOCONFIG} == {True, False}
