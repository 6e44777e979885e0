"""One slapd for all tests of directories."""

from collections.abc import Iterator

import pytest

from tests.servers.authority import Authority
from tests.servers.people import people
from tests.servers.slapd import Slapd, slapd


@pytest.fixture(name="authority", scope="session")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="server", scope="session")
def _server(authority: Authority) -> Iterator[Slapd]:
    """Run the directory of 10,000 people; a test that stops it must start it again."""
    pair = authority.issue("slapd", ["localhost"])
    with slapd(authority, pair, people()) as server:
        yield server
