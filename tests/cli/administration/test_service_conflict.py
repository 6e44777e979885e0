"""`waypost service set` while another operator changes the same domain."""

from typing import Any

import pytest

from tests.cli.conftest import Waypost
from waypost.cli.administration import services
from waypost.cli.administration.assignments import without_removed


@pytest.mark.usefixtures("upgraded_database")
def test_a_change_in_between_is_not_overwritten(
    waypost: Waypost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services that the command has read are older then, so nothing is written."""
    assert waypost("apply", "--demo").code == 0

    def change_first(values: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr(services, "without_removed", without_removed)
        assert waypost("service", "remove", "example.net", "smtp").code == 0
        return without_removed(values)

    monkeypatch.setattr(services, "without_removed", change_first)
    refused = waypost("service", "set", "example.net", "imap", "port=993", "security=tls")
    assert refused.code == 1
    assert "domain example.net has version" in refused.err
    assert "smtp" not in waypost("service", "list", "example.net").out
