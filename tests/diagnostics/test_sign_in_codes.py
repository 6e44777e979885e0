"""The codes of sign-ins are complete, and differ from all other codes."""

import re

from tests.architecture.source import PACKAGE, ROOT
from waypost.diagnostics.api_codes import API_CODES
from waypost.diagnostics.codes import CODE_TABLES
from waypost.diagnostics.explain import find_client
from waypost.diagnostics.sign_in_codes import ADMIN, SIGN_IN_CODES, USERS, find_sign_in_code
from waypost.oidc.failure import FailureCode
from waypost.sign_in.authenticator import SignInLimited, SignInRefused, SignInUnavailable

CODES = [one.code for one in SIGN_IN_CODES]
ERRORS = {SignInLimited.code, SignInRefused.code, SignInUnavailable.code}
# `SignInRefused(Refusal.ENDED, "no_proof", ...` and `code="other_site"`
WRITTEN = re.compile(r'SignInRefused\(Refusal\.\w+, "([a-z_]+)"|code="([a-z_]+)"')


def test_every_code_is_described() -> None:
    """Each code of the admin pages and of mail users has a description, and no other has one."""
    files = [*(PACKAGE / "sign_in").glob("*.py"), *(PACKAGE / "web/public/setup").glob("*sign*.py")]
    files.append(PACKAGE / "web/public/setup/openid_page.py")
    written = {
        code
        for file in files
        for found in WRITTEN.findall(file.read_text(encoding="utf-8"))
        for code in found
        if code
    }
    assert {"no_address", "no_proof", "other_site"} <= written
    assert sorted(CODES) == sorted({*map(str, FailureCode), *ERRORS, *written})


def test_codes_are_unique() -> None:
    """No code of a sign-in is a code of the checks or the API, or the name of a client."""
    others = {one.code for table in CODE_TABLES for one in table.codes}
    others |= {one.code for one in API_CODES}
    assert not others & set(CODES)
    assert [one for one in CODES if find_client(one) is not None] == []


def test_admin_page_has_the_same_codes() -> None:
    """docs/admin.md describes each code of the admin pages."""
    page = (ROOT / "docs/admin.md").read_text(encoding="utf-8")
    rows = page.partition("| code | reason, and what to do |")[2].partition("\n\n")[0]
    described = {code for line in rows.splitlines() for code in re.findall(r"`(\w+)`", line[:20])}
    assert described == {one.code for one in SIGN_IN_CODES if ADMIN in one.command}


def test_find() -> None:
    """A code is found in any case, and with hyphens."""
    found = find_sign_in_code("NO-ADDRESS")
    assert found is not None
    assert (found.code, found.command) == ("no_address", USERS)
    assert find_sign_in_code("plain-section") is None
