"""Pages without the network."""

from pathlib import Path

import pytest

from waypost.admin.checks import live_dns


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer every DNS look-up with no records."""
    monkeypatch.setattr(live_dns, "CachingResolver", lambda *_, **_options: lambda _lookup: ())


@pytest.fixture(autouse=True)
def _no_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read no results of a monitor of this machine."""
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}")
