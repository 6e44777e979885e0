"""The sample seeds of automx2."""

import json
from pathlib import Path

import pytest

from tests.upstream.published import published
from waypost.importers.automx2_seed import read_any


@pytest.mark.parametrize("path", published("automx2_seeds"), ids=lambda path: path.stem)
def test_seed_is_read(path: Path) -> None:
    """Each domain of a seed has its provider and all services, and no directory is missing."""
    seed = json.loads(path.read_text(encoding="utf-8"))
    names = [one if isinstance(one, str) else one["name"] for one in seed["domains"]]

    result = read_any(path)

    assert result.warnings == ()
    assert [domain.pattern.text for domain in result.catalog.domains] == names
    assert len(result.catalog.directories) == len(seed.get("ldapservers", ()))
    for domain in result.catalog.domains:
        assert domain.provider.name == seed["provider"]
        kinds = [service.type.value for service in domain.services]
        assert kinds == [server["type"] for server in seed["servers"]]
