"""automx2's rows: a seed with `ldapservers` in a database, with a real slapd."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directory.serving import OUTLOOK
from tests.servers.authority import Authority
from tests.servers.slapd import PASSWORD, READER, SUFFIX, Slapd
from tests.web.asgi import Client, settings
from waypost.database.engine import open_engine, write_transaction
from waypost.importers.automx2_seed import read_seed
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import write_catalog
from waypost.wiring.runtime import wire

pytestmark = pytest.mark.servers


@pytest.fixture(name="client", params=["plain", "tls"])
def _client(
    request: pytest.FixtureRequest, tmp_path: Path, server: Slapd, authority: Authority
) -> Iterator[Client]:
    """Serve a seed of version 2 from a database, as automx2 would."""
    tls = request.param == "tls"
    seed = {
        "version": 2,
        "provider": "Example Inc.",
        "domains": [{"name": "example.com", "ldapserver_id": 42}, {"name": "example.org"}],
        "servers": [{"type": "imap", "name": "i.example"}, {"type": "smtp", "name": "s.example"}],
        "ldapservers": [
            {
                "id": 42,
                "name": "localhost",
                "port": server.tls_port if tls else server.port,
                "use_ssl": tls,
                "search_base": SUFFIX,
                "search_filter": "(mail={0})",
                "attr_uid": "uid",
                "attr_cn": "cn",
                "bind_user": READER,
                "bind_password": PASSWORD,
            }
        ],
    }
    uri = f"sqlite:///{tmp_path}/automx2.sqlite"
    engine = open_engine(uri)
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, read_seed(json.dumps(seed), name="seed").catalog)
    engine.dispose()
    options = settings(db_uri=uri, ldap_ca_file=authority.certificate)
    client = Client(wire(options), options)
    yield client
    client.close()


ASKED = [
    # address, login name
    ("person42@example.com", "p42"),
    ("Person42@EXAMPLE.com", "p42"),
    ("a*b@example.com", "strange0"),
    ("missing@example.com", "missing@example.com"),
    ("*@example.com", "strange1"),
    ("double@example.com", "double@example.com"),
    ("person42@example.org", "person42@example.org"),
]


@pytest.mark.parametrize(("address", "login"), ASKED)
def test_login_name_in_each_format(client: Client, address: str, login: str) -> None:
    """Autoconfig, Autodiscover and the profile have the login name of the directory."""
    autoconfig = client.get("/mail/config-v1.1.xml", query={"emailaddress": address})
    body = OUTLOOK.format(address=address).encode()
    autodiscover = client.post("/autodiscover/autodiscover.xml", body)
    profile = client.get("/mobileconfig", query={"emailaddress": address})

    assert autoconfig.value("username") == login
    assert autodiscover.value("LoginName") == login
    assert f"<key>IncomingMailServerUsername</key>\n\t\t\t<string>{login}</string>" in profile.text
    assert "Person 42" not in autodiscover.text + profile.text
