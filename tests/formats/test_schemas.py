"""Every golden case against the draft's schema and Apple's description."""

import plistlib

import pytest
from lxml import etree

from tests.formats.test_values import AUTOCONFIG, PROFILES, body
from tests.golden.cases import Case
from tests.standards import apple, autoconfig


@pytest.mark.rule("autoconfig-schema")
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_autoconfig(case: Case) -> None:
    """The document is valid according to the draft's schema."""
    assert autoconfig.violations(etree.fromstring(body(case, "autoconfig.xml"))) == []


@pytest.mark.rule("mobileconfig-top-level", "mobileconfig-every-payload", "mobileconfig-known-keys")
@pytest.mark.parametrize("case", PROFILES, ids=lambda case: case.name)
def test_apple(case: Case) -> None:
    """The profile and each payload have all keys that Apple requires, and no unknown ones."""
    profile = plistlib.loads(body(case, "mobileconfig.plist"))

    for payload in [profile, *profile["PayloadContent"]]:
        assert apple.complaints(payload) == []
