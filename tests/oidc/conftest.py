"""One provider for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.servers.scripted_openid import ScriptedOpenId, scripted_openid


@pytest.fixture(name="running", scope="module")
def _running() -> Iterator[ScriptedOpenId]:
    with scripted_openid() as provider:
        yield provider


@pytest.fixture(name="provider")
def _provider(running: ScriptedOpenId) -> Iterator[ScriptedOpenId]:
    """Return the provider, which is good at the start of each test."""
    running.reset()
    yield running
    running.reset()
