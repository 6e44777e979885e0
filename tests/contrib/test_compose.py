"""The Compose files: what their comments promise; `make contrib` checks them by their schema."""

import re
from pathlib import Path
from typing import Any

import pytest

import waypost
from tests.contrib.files import CONTRIB, documents
from tests.docs.pages import ROOT, blocks

FILES = sorted(CONTRIB.glob("compose/*/compose.yaml"))


def services(path: Path) -> dict[str, dict[str, Any]]:
    """Return the services of a file, by name."""
    (document,) = documents(path)
    found: dict[str, dict[str, Any]] = document["services"]
    return found


def test_there_are_three() -> None:
    """There is a file for a database and for each web server that the guide prefers."""
    assert [path.parent.name for path in FILES] == ["caddy", "nginx", "postgresql"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_waypost_has_no_rights(path: Path) -> None:
    """Each container of Waypost has a read-only root, no capability, and this version."""
    own = [one for one in services(path).values() if one["image"].startswith("waypost:")]
    assert own
    for service in own:
        assert service["image"] == f"waypost:{waypost.__version__}"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "./etc:/etc/waypost:ro" in service["volumes"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_names_are_defined(path: Path) -> None:
    """Each volume, network, secret and service that a service names is defined in the file."""
    (document,) = documents(path)
    for service in document["services"].values():
        volumes = [volume.split(":")[0] for volume in service.get("volumes", [])]
        named = {name for name in volumes if not name.startswith((".", "/"))}
        assert named <= set(document["volumes"])
        assert set(service.get("networks", [])) <= set(document.get("networks", {}))
        assert set(service.get("secrets", [])) <= set(document.get("secrets", {}))
        assert set(service.get("depends_on", {})) <= set(document["services"])


def test_no_password_is_in_a_file() -> None:
    """The password of PostgreSQL comes from a secret."""
    database = services(CONTRIB / "compose/postgresql/compose.yaml")["postgresql"]
    names = [name for name in database["environment"] if "PASSWORD" in name]
    assert names == ["POSTGRES_PASSWORD_FILE"]


def test_tables_are_there_before_waypost() -> None:
    """Waypost starts after the upgrade of the database, which starts after the database."""
    found = services(CONTRIB / "compose/postgresql/compose.yaml")
    assert found["upgrade"]["command"] == ["db", "upgrade"]
    assert found["upgrade"]["depends_on"] == {"postgresql": {"condition": "service_healthy"}}
    condition = {"condition": "service_completed_successfully"}
    assert found["waypost"]["depends_on"] == {"upgrade": condition}


def test_caddy_shares_the_network() -> None:
    """Caddy reaches `/tls/ask`, which answers only programs of the same machine."""
    assert services(CONTRIB / "compose/caddy/compose.yaml")["caddy"]["network_mode"] == (
        "service:waypost"
    )
    shown = blocks(ROOT / "docs" / "certificates.md", "caddyfile")[0].text
    assert (CONTRIB / "compose/caddy/Caddyfile").read_text(encoding="utf-8") == shown


def test_nginx_is_that_of_the_guide() -> None:
    """The site differs from the guide's only in the address of Waypost."""
    site = (CONTRIB / "compose/nginx/nginx.conf").read_text(encoding="utf-8")
    shown = blocks(ROOT / "docs" / "guide.md", "nginx")[0].text
    assert site == re.sub(r"127\.0\.0\.1:4243", "waypost:4243", shown)
