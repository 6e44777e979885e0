"""Pages without the network."""

import pytest

from waypost.admin.checks import live_dns


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer every DNS look-up with no records."""
    monkeypatch.setattr(live_dns, "CachingResolver", lambda *_, **_options: lambda _lookup: ())
