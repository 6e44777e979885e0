"""Tests of `waypost conformance` by https, with a Waypost behind nginx."""

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
    return {row["key"]: row for row in answer["clients"] + answer["rules"]}


@pytest.fixture(autouse=True)
def _trust(front: Front, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the authority of the tests to the trusted ones, as on an operator's system."""
    assert front.waypost.port
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")


def test_all_host_names_exist(front: Front, waypost: Waypost) -> None:
    """With all host names, no fault is found, and each host was asked by its own name."""
    before = len(front.log.of_domain("everywhere.example"))
    found = rows(waypost, "everywhere.example")

    assert {row["verdict"] for row in found.values()} == {"works", "not offered"}
    # It asks only DNS, which is not asked here.
    assert found["claws-mail"]["verdict"] == "not offered"
    hosts = {one.host for one in front.log.of_domain("everywhere.example", after=before)}
    assert hosts == {
        *("everywhere.example", "autoconfig.everywhere.example"),
        "autodiscover.everywhere.example",
    }


def test_missing_host_names(waypost: Waypost) -> None:
    """If only autoconfig.D exists, clients that need another name fail for that reason."""
    found = rows(waypost, "by-autoconfig.example")

    assert found["thunderbird"]["verdict"] == "works"
    assert found["outlook-for-windows"]["verdict"] == "fails"
    assert "no answer" in str(found["outlook-for-windows"]["findings"])
    assert "no answer" in str(found["well-known"]["findings"])
