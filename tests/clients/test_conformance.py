"""`waypost conformance` by https, in front of a Waypost as an operator has it."""

import json

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.clients.conftest import Front
from tests.servers.authority import Authority

__all__ = ["home", "waypost"]

pytestmark = pytest.mark.clients


def rows(waypost: Waypost, domain: str) -> dict[str, dict[str, object]]:
    arguments = "https://127.0.0.1", domain, "--unserved", "unserved.example", "--json"
    answer = json.loads(waypost("conformance", *arguments).out)
    return {row["key"]: row for row in answer["clients"] + answer["server"]}


@pytest.fixture(autouse=True)
def _trust(front: Front, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority of the tests, as an operator's system trusts that of the server."""
    assert front.waypost.port
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")


def test_a_whole_site(front: Front, waypost: Waypost) -> None:
    """With all host names there, nothing is found, and each was asked by its own name."""
    before = len(front.log.of_domain("everywhere.example"))
    found = rows(waypost, "everywhere.example")

    assert {row["verdict"] for row in found.values()} == {"works", "not offered"}
    # It asks DNS alone, which is not asked here.
    assert found["claws-mail"]["verdict"] == "not offered"
    hosts = {one.host for one in front.log.of_domain("everywhere.example", after=before)}
    assert hosts == {
        *("everywhere.example", "autoconfig.everywhere.example"),
        "autodiscover.everywhere.example",
    }


def test_names_that_are_missing(waypost: Waypost) -> None:
    """Where only autoconfig.D is there, who needs another name fails for that reason."""
    found = rows(waypost, "by-autoconfig.example")

    assert found["thunderbird"]["verdict"] == "works"
    assert found["outlook-for-windows"]["verdict"] == "fails"
    assert "no answer" in str(found["outlook-for-windows"]["findings"])
    assert "no answer" in str(found["well-known"]["findings"])
