"""`waypost conformance` finds the known faults of a real automx2, and none in Waypost."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.automx2.old_database import execute, make
from tests.automx2.releases import install, running
from tests.automx2.test_side_by_side import NEWEST, automx2_uri, waypost_on
from tests.cli.conftest import Waypost
from waypost.database.engine import Engine
from waypost.store.sql.migrate import upgrade

pytestmark = [pytest.mark.servers, pytest.mark.slow]

# The rule and the finding, for the faults in docs/from-automx2.md.
KNOWN = {
    "autoconfig": "authentication plain is an old name",
    "well-known": "/.well-known/autoconfig/mail/config-v1.1.xml: status 404",
    "no-address": "without emailaddress: status 400",
    "capitals": "an address with a domain in capital letters: status 204",
    "unserved": "a domain that is not served: status 204, which is a success",
    "autodiscover": "SSL is off although Encryption is TLS",
    "spellings": "POST /Autodiscover/Autodiscover.xml: status 404",
    "content-types": "POST with no Content-Type: status 400",
    "bad-xml": "XML that is not well-formed: status 500",
    "entities": "an entity that the client defines is expanded",
    "profile": "the profile differs each time",
    "statuses": "status 500 2 times",
}


def found(waypost: Waypost, port: int, domain: str) -> tuple[int, dict[str, dict[str, Any]]]:
    outcome = waypost("conformance", f"http://127.0.0.1:{port}", domain, "--json")
    answer = json.loads(outcome.out)
    return outcome.code, {row["key"]: row for row in answer["clients"] + answer["rules"]}


# These requests do not depend on the engine.
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_known_faults_of_automx2(waypost: Waypost, bare: Engine, tmp_path: Path) -> None:
    """Each known fault is found in automx2, and none in Waypost on the same database."""
    make(bare, "2021.5")
    execute(bare, "UPDATE domain SET ldapserver_id = NULL;\n")
    upgrade(bare)
    uri = bare.url.render_as_string(hide_password=False)
    with running(install(NEWEST), automx2_uri(bare), tmp_path) as port:
        code, old = found(waypost, port, "example.com")
    with waypost_on(uri, tmp_path) as port:
        _, new = found(waypost, port, "example.com")

    assert code == 1
    for key, said in KNOWN.items():
        assert any(said in line for line in old[key]["findings"]), (key, old[key]["findings"])
    assert {key for key, row in old.items() if row["verdict"] == "fails"} == {
        *KNOWN,
        *("thunderbird-for-android-and-k-9", "kmail", "kmail-2212", "nine"),
        # These send no address.
        *("geary", "mailspring", "sailfish-os"),
        # These refuse a document with the method `plain`.
        *("thunderbird-for-ios", "himalaya"),
    }
    assert "SPA is not off" in old["outlook-for-windows"]["findings"][0]
    assert "domain in capitals" in old["thunderbird"]["findings"][0]
    assert {key: row["findings"] for key, row in new.items() if row["verdict"] == "fails"} == {}
