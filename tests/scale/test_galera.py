"""A Galera cluster of three nodes: TLS, conflicts between nodes, and nodes that fail under load."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.scale import galera_failures
from tests.scale.machines import command
from tests.scale.row import Changes, Row
from tests.servers.authority import Authority
from tests.servers.database_server import PASSWORD, USER
from tests.servers.galera import Galera, GaleraNode, galera
from waypost.core.errors import StoreUnavailable
from waypost.database.engine import open_engine, read_connection, write_transaction

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(name="cluster", scope="module")
def _cluster() -> Iterator[Galera]:
    with galera() as cluster:
        yield cluster


@pytest.fixture(name="database", scope="module")
def _database(cluster: Galera) -> str:
    return cluster.nodes[0].fresh()


def place_of(node: GaleraNode, database: str, host: str = "localhost") -> str:
    """Return the URI of a node by a host name, up to its parameters."""
    return f"mysql+pymysql://{USER}:{quote(PASSWORD, safe='')}@{host}:{node.port}/{database}"


TLS = [
    # the node, the host name, the parameters, what refuses it (None: accepted)
    (0, "localhost", "ssl_ca={ca}", None),
    (0, "localhost", "ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=true", None),
    (0, "127.0.0.1", "ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=false", None),
    (0, "localhost", "ssl_ca={other}", "certificate verify failed"),
    (0, "127.0.0.1", "ssl_ca={ca}", "certificate is not valid for '127.0.0.1'"),
    (0, "127.0.0.1", "ssl_ca={ca}&ssl_verify_identity=true", "is not valid for '127.0.0.1'"),
    (2, "localhost", "ssl_ca={ca}", "SSL is required but the server doesn't support it"),
    (0, "localhost", "ssl_ca=/nonexistent.pem", "db_uri: ssl_ca=/nonexistent.pem cannot be read"),
    (0, "localhost", "ssl_ca=/dev/null", "db_uri: ssl_ca=/dev/null is not a usable PEM file"),
    (0, "localhost", "ssl_verify_cert=true", "db_uri: ssl_verify_cert: write ssl_ca, too"),
]


@pytest.mark.parametrize("case", TLS)
def test_tls(
    cluster: Galera, database: str, tmp_path: Path, case: tuple[int, str, str, str | None]
) -> None:
    """With `ssl_ca`, a server needs a certificate of this authority for its name."""
    number, host, parameters, refusal = case
    query = parameters.format(ca=cluster.authority, other=Authority.create(tmp_path).certificate)
    uri = f"{place_of(cluster.nodes[number], database, host)}?{query}"
    code, output = command(tmp_path, uri, "db", "status")
    assert (refusal or "this version needs revision") in output, output
    assert code == (1 if refusal is None else 2)
    assert PASSWORD not in output
    if refusal is not None and not refusal.startswith("db_uri"):
        assert "check that the file with the authority in db_uri" in output


def test_all_commands_use_the_first_node(cluster: Galera, database: str) -> None:
    """All connections use the first node of the URI that answers, so that their lock is one."""
    for _ in range(3):
        engine = open_engine(cluster.uri(database))
        with read_connection(engine) as connection:
            port = connection.execute(sa.text("SELECT @@port")).scalar_one()
        engine.dispose()
        assert port == cluster.nodes[0].port


def test_two_nodes_cannot_change_the_same_row(cluster: Galera, database: str) -> None:
    """Of two changes of a row on two nodes, one is written; the other ends with an error."""
    first, second = (
        open_engine(place_of(node, database, "127.0.0.1")) for node in cluster.nodes[:2]
    )
    with write_transaction(first) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (id INT PRIMARY KEY, value INT)"))
    with write_transaction(first) as connection:
        connection.execute(sa.text("INSERT INTO numbers VALUES (1, 1)"))
    change = sa.text("UPDATE numbers SET value = value + 1")

    def change_on_both() -> None:
        with write_transaction(first) as connection:
            connection.execute(change)
            with write_transaction(second) as other:
                # The other node may not have the row yet.
                other.execute(sa.text("SET SESSION wsrep_sync_wait = 7"))
                other.execute(change)

    with pytest.raises(StoreUnavailable, match="another process writes to it; try again later"):
        change_on_both()
    with read_connection(second) as connection:
        assert connection.execute(sa.text("SELECT value FROM numbers")).scalar_one() == 2
    for engine in (first, second):
        engine.dispose()


def test_nodes_fail_under_load(
    cluster: Galera, tmp_path: Path, show: Callable[[Row | Changes], None]
) -> None:
    """While a node is killed and another loses the majority, no answer and no change is lost."""
    for line in galera_failures.run(cluster, tmp_path, is_long=False):
        show(line)
        assert line.problems() == []
