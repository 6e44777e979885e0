"""Compare Waypost's answers after `import automx1` with the answers of automx 1.1.1."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.importers.automx1.answers import FORMATS, Facts, facts
from tests.importers.automx1.cases import CASES, asked
from waypost.core.address import EmailAddress
from waypost.core.errors import ProvidersError, WaypostError
from waypost.core.model import Catalog
from waypost.formats import autoconfig
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.importers.automx1.providers import read_automx1
from waypost.lookup.lookup import client_config
from waypost.store.memory import MemoryStore

MAIL = {"imap", "pop3", "smtp"}
UNUSABLE = "automx left an element empty, so most clients could not use it; Waypost has the default"
PROTECTED = "automx sent no protection to most clients; Waypost sends that of the port"
NO_NAME = "automx sent no name; the drafts require one, and Waypost sends the provider's name"
NO_ANSWER = "automx failed at these formats; Waypost does not need the option"
HALF = "no incoming or no outgoing service is usable, so nothing is served; the import says so"
FAILED = "automx answered nothing; the import says why, and imports the intended settings"
APPLE = "a profile cannot express the method, which automx left empty"
ALL = {"autoconfig", "autodiscover", "mobileconfig", "names", "domain_required", "profile_name"}
PROFILE = {"mobileconfig", "profile_name"}
DIFFERENT: dict[str, tuple[str, set[str]]] = {
    # file: why Waypost differs on purpose, and where
    "account-name-missing": (NO_NAME, {"names"}),
    "account-type-missing": (NO_ANSWER, {"autodiscover", "domain_required"}),
    "action-missing": (NO_ANSWER, {"autodiscover", "domain_required"}),
    "append-disabled": (UNUSABLE, {"autoconfig", "autodiscover", "domain_required"}),
    "auth-client-ip-address": (APPLE, {"mobileconfig"}),
    "auth-gssapi": (APPLE, PROFILE),
    "auth-missing": (UNUSABLE, {"autoconfig", *PROFILE}),
    "auth-smtp-after-pop": (HALF, ALL),
    "auth-tls-client-cert": (APPLE, {"autodiscover", "domain_required", *PROFILE}),
    "auth-unknown": (UNUSABLE, {"autoconfig", "mobileconfig"}),
    "default-services": (HALF, ALL - PROFILE),
    "domains-commas": (FAILED, ALL),
    "domains-commas-and-spaces": (FAILED, ALL),
    "encryption-auto": (PROTECTED, {"autoconfig", "mobileconfig"}),
    "encryption-auto-143": (PROTECTED, {"autoconfig", "autodiscover", "mobileconfig"}),
    "encryption-missing": (UNUSABLE, {"autoconfig", *PROFILE}),
    "encryption-tls": (PROTECTED, {"autoconfig", "autodiscover", "mobileconfig"}),
    "follow-missing": (FAILED, ALL),
    "port-contradiction": (PROTECTED, {"autoconfig", "autodiscover"}),
    "port-missing": (UNUSABLE, {"autoconfig", "autodiscover", *PROFILE}),
    "provider-missing": (FAILED, ALL),
    "provider-no-domain": (NO_NAME, {"names", "profile_name"}),
    "server-missing": (HALF, ALL - PROFILE),
    "variable": (HALF, ALL),
    "yes-2": (HALF, ALL - PROFILE),
    "yes-comment": (HALF, ALL - PROFILE),
    "yes-enabled": (HALF, ALL - PROFILE),
}


def answers(catalog: Catalog, address: EmailAddress) -> Facts:
    """Return the facts of Waypost's answers."""
    found = MemoryStore(catalog).find(address.domain)
    raw: dict[str, tuple[int, bytes]] = {}
    renderers: dict[str, Any] = {
        "autoconfig": autoconfig.render,
        "autodiscover": pox.render,
        "mobilesync": activesync.render,
        "mobileconfig": mobileconfig.render,
    }
    for form, render in renderers.items():
        try:
            raw[form] = (200, render(client_config(found, address.domain, address)))
        except WaypostError:
            raw[form] = (404, b"")
    return facts(raw, address)


def comparable(answer: Facts) -> Facts:
    """Return the facts without differences that no client sees.

    Waypost lists incoming services first, and all kinds of refusal count as the same.
    """
    alike = dict(answer)
    for form in FORMATS:
        if isinstance(answer[form], str):
            alike[form] = []
            continue
        offers = [one for one in answer[form] if one[0] in MAIL]
        alike[form] = sorted(offers, key=lambda one: one[0] == "smtp")
    alike["names"] = [name for name in answer["names"] if alike["autoconfig"]]
    return alike


def differences(path: Path) -> Iterator[tuple[str, str, Any, Any]]:
    """Compare the answers for each address: address, difference, automx's, Waypost's."""
    recorded = json.loads(path.with_suffix(".json").read_text("utf-8"))
    try:
        catalog = read_automx1(path.read_text("utf-8"), name=path.name).catalog
    except ProvidersError:
        catalog = Catalog(())
    for address in asked(path):
        old = comparable(recorded[address])
        new = comparable(answers(catalog, EmailAddress.parse(address)))
        yield from ((address, key, old[key], new[key]) for key in old if old[key] != new[key])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_same_answers(path: Path) -> None:
    """Clients get the same from Waypost as from automx, except for intended differences."""
    _, keys = DIFFERENT.get(path.stem, ("", set()))

    found = list(differences(path))

    assert {key for _, key, _, _ in found} == keys, found


def test_every_exception_has_its_file() -> None:
    """No exception is listed for a file that does not exist."""
    assert DIFFERENT.keys() <= {path.stem for path in CASES}
