"""The client of the REST API, compared with `Admin` on a running admin listener."""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partialmethod
from typing import Any, Final

import pytest

from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import environment_of, free_port
from tests.web.admin.api.api_client import COMMAND, WRITER
from tests.web.admin.pages.running import write_sample
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import Tokens
from waypost.admin.facade import Admin
from waypost.admin.principal import Role
from waypost.admin.remote.client import RemoteAdmin
from waypost.admin.remote.tokens import RemoteTokens
from waypost.admin.source import AdminSource
from waypost.core.errors import (
    AccessForbidden,
    InvalidObject,
    ObjectNotFound,
    VersionConflict,
    WaypostError,
)
from waypost.core.model import DomainPattern
from waypost.database.engine import open_engine
from waypost.settings import Settings

# Methods of `Admin` that the API does not have, with the reason.
ONLY_LOCAL: Final = {
    "add_domain_with_provider": "for the wizard of the pages; a program creates both",
    "clients": "for the pages; its result has objects of the simulated clients",
    "provider_names": "for the pages; `list_providers` has the names, too",
    "live_dns": "for the pages; `dns` has the records",
    "propose": "for the wizard of the pages",
    "check_services": "for the wizard of the pages; `doctor` checks a domain that exists",
    "test_directory": "for the pages and `waypost directory test` on the machine of the server",
}
# Parameters of `Admin` that a request does not have.
OWN_PARAMETERS: Final = {"audit": {"include_access"}}


pytestmark = pytest.mark.servers


@dataclass(frozen=True, slots=True)
class Both:
    """The same database, through the API and directly."""

    remote: RemoteAdmin
    local: Admin
    tokens: Tokens
    url: str


@pytest.fixture(name="both", scope="module")
def _both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("remote")
    path = folder / "waypost.sqlite"
    write_sample(path)
    uri, port = f"sqlite:///{path}", free_port()
    engine = open_engine(uri)
    tokens = Tokens(engine)
    secret, _ = tokens.create("panel", WRITER, by=COMMAND)
    settings = Settings.model_validate({"db_uri": uri})
    command = [sys.executable, "-m", "waypost", "admin", "serve", "--port", f"{port}"]
    process = Process(
        [*command, "--db-uri", uri],
        log=folder / "admin.log",
        environment=environment_of(folder),
        folder=folder,
    )
    with process:
        process.wait_until(lambda: listens(port))
        url = f"http://127.0.0.1:{port}"
        local = Admin(AdminSource(settings, engine, engine), COMMAND)
        yield Both(RemoteAdmin(url, secret), local, tokens, url)
    engine.dispose()


def _methods(kind: type[object]) -> dict[str, Any]:
    """Return the public methods of a class."""
    found = {name: getattr(kind, name) for name in vars(kind) if not name.startswith("_")}
    return {name: one for name, one in found.items() if callable(one)}


def test_the_client_has_all_methods() -> None:
    """The client has each method of `Admin` but those in the list of exceptions, and no other."""
    local, remote = _methods(Admin), _methods(RemoteAdmin)
    assert local.keys() - remote.keys() == ONLY_LOCAL.keys()
    assert remote.keys() - local.keys() == set()
    assert _methods(RemoteTokens).keys() == {"create", "list", "revoke"}


# Methods for all kinds of objects are one with another parameter.
WITH_SIGNATURE: Final = sorted(
    name
    for name in _methods(Admin).keys() - ONLY_LOCAL.keys()
    if not isinstance(inspect.getattr_static(RemoteAdmin, name, None), partialmethod)
)


@pytest.mark.parametrize("name", WITH_SIGNATURE)
def test_methods_are_the_same(name: str) -> None:
    """A method of the client has the parameters, defaults and result of the one of `Admin`."""
    local, remote = (inspect.signature(getattr(one, name)) for one in (Admin, RemoteAdmin))
    own = OWN_PARAMETERS.get(name, set())
    parameters = [one for one in local.parameters.values() if one.name not in own]
    assert [*remote.parameters.values()] == parameters
    assert remote.return_annotation == local.return_annotation


def test_export(both: Both) -> None:
    """An export has all domains, with the same data."""
    exported = [one.data for one in both.remote.export()]
    assert exported == [one.data for one in both.local.export()]
    assert len(exported) > 5


FORMATS = ["autoconfig", "autodiscover", "autodiscover-json", "activesync", "mobileconfig", "pacc"]


@pytest.mark.parametrize("name", FORMATS)
def test_preview(both: Both, name: str) -> None:
    """An answer for an address is the same, byte for byte, or the same error."""
    address = "alice@example.com"
    try:
        expected = both.local.preview(address, name)
    except WaypostError as error:
        with pytest.raises(type(error)):
            both.remote.preview(address, name)
        return
    assert both.remote.preview(address, name) == expected


def test_dns(both: Both) -> None:
    """DNS records are the same in each format."""
    assert both.remote.dns("example.com") == both.local.dns("example.com")
    assert both.remote.dns("example.com", "zone", 60) == both.local.dns("example.com", "zone", 60)


def test_names(both: Both) -> None:
    """Host names are the same."""
    assert both.remote.names("example.com") == both.local.names("example.com")


def test_lint(both: Both) -> None:
    """The report of the linter is the same, for a domain and for a pattern."""
    for name in ("example.com", "*.example.edu"):
        assert both.remote.lint(name) == both.local.lint(name)


def test_put_service(both: Both) -> None:
    """A service is added, changed and removed, each with an entry in the audit log."""
    version = both.remote.get_domain("example.net").version
    before = both.remote.get_domain("example.net").data["services"]
    index, service = len(before), {"type": "imap", "host": "new.example.net"}
    added = both.remote.put_service("example.net", index, service, if_match=version)
    assert (added.written, added.audit_id is None) == (True, False)
    service["host"] = "other.example.net"
    assert both.remote.put_service("example.net", index, service, dry_run=True).written is False
    assert both.remote.put_service("example.net", index, service).written
    found = both.local.get_domain("example.net").data["services"]
    assert (len(found), found[index]["host"]) == (index + 1, "other.example.net")
    with pytest.raises(VersionConflict):
        both.remote.put_service("example.net", index, None, if_match=version)
    assert both.remote.put_service("example.net", index, None).written
    assert both.local.get_domain("example.net").data["services"] == before


def test_tokens(both: Both) -> None:
    """A token is created, works within its limits, is listed, and is revoked once."""
    scope = AccessScope(Role.READ, (DomainPattern("example.com"),), "Example Inc.")
    secret, record = both.remote.tokens.create("tenant", scope, expires_seconds=3600)
    assert (record.name, record.scope, record.last_used_at) == ("tenant", scope, None)
    assert record.expires_at == record.created_at + 3600
    tenant = RemoteAdmin(both.url, secret)
    assert [one.data["name"] for one in tenant.export()] == ["example.com"]
    with pytest.raises(AccessForbidden):
        tenant.tokens.list()
    assert both.remote.tokens.list() == both.tokens.list()
    assert both.remote.tokens.revoke(record.id)
    assert not both.remote.tokens.revoke(record.id)
    with pytest.raises(AccessForbidden, match="not valid"):
        tenant.names("example.com")


REFUSED = [
    # the method, its arguments, the error
    ("preview", ("alice@nothing.example", "autoconfig"), ObjectNotFound),
    ("preview", ("alice@example.com", "fax"), InvalidObject),
    ("preview", ("alice@example.com", "pacc/x"), InvalidObject),
    ("dns", ("nothing.example",), ObjectNotFound),
    ("dns", ("example.com", "fax"), InvalidObject),
    ("names", ("nothing.example",), ObjectNotFound),
    ("names", ("a b?c#d\udcff",), InvalidObject),
    ("lint", ("nothing.example",), ObjectNotFound),
    ("doctor", ("nothing.example",), ObjectNotFound),
    ("put_service", ("example.com", 99, None), InvalidObject),
    ("put_service", ("example.com", -1, {"type": "imap", "host": "a.example"}), InvalidObject),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), REFUSED)
def test_errors(both: Both, name: str, arguments: Any, kind: type[WaypostError]) -> None:
    """A mistake is the error of `Admin`."""
    for admin in (both.local, both.remote):
        with pytest.raises(kind) as caught:
            getattr(admin, name)(*arguments)
        assert type(caught.value) is kind
