"""Waypost servers and a Galera cluster of three nodes, whose nodes fail in turn."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.scale.load import checked_load, template
from tests.scale.machines import Writer, fill, serving
from tests.scale.row import Changes, Row, observed
from tests.servers.frozen import frozen
from tests.servers.galera import Galera, GaleraNode
from tests.servers.patience import wait_until

SETUP: Final = "Galera, three nodes"
# Longer than ANSWER_SECONDS and CONNECT_TIMEOUT_SECONDS together.
_FROZEN_SECONDS: Final = 20.0
_CONNECTIONS: Final = "SELECT count(*) FROM information_schema.processlist WHERE user = 'waypost'"


def run(cluster: Galera, folder: Path, *, is_long: bool) -> Iterator[Row | Changes]:
    """Yield a line for each failure, and at the end what became of the changes.

    Args:
        cluster: all its nodes run, before and after.
        folder: for files of Waypost.
        is_long: include a node that hangs, and use two Waypost servers instead of one.
    """
    database = cluster.nodes[0].fresh()
    uri = cluster.uri(database)
    fill(folder, uri)
    with (
        serving(folder, [uri] * (2 if is_long else 1)) as ports,
        Writer(folder, uri) as writer,
        checked_load(ports, template(ports[0])) as load,
    ):
        load.wait_for_right()
        if is_long:
            yield observed(SETUP, "nothing", load, lambda: None)
        lost = _node_in_use(cluster)
        yield observed(SETUP, "the node in use loses the others", load, lambda: _cut_off(lost))
        yield observed(SETUP, "the lost node returns", load, lambda: _rejoin(lost), 0)
        node = _node_in_use(cluster)
        yield observed(SETUP, "the node in use is killed", load, node.kill)
        yield observed(SETUP, "the killed node returns", load, node.rejoin, 0)
        if is_long:
            node = _node_in_use(cluster)
            yield observed(SETUP, "the node in use hangs for 20 s", load, lambda: _freeze(node))
            wait_until(lambda: node.status("wsrep_ready") == "ON", "the node that hung")
    names = "SELECT name FROM domain WHERE name LIKE 'w%'"
    stored = [set(node.sql(names, database).split()) for node in cluster.nodes]
    yield Changes(SETUP, writer.written, writer.failures, stored)


def _node_in_use(cluster: Galera) -> GaleraNode:
    """Return the node that most connections of Waypost use."""
    return max(cluster.nodes, key=lambda node: int(node.sql(_CONNECTIONS)))


def _cut_off(node: GaleraNode) -> None:
    node.isolate(True)
    wait_until(lambda: node.status("wsrep_ready") == "OFF", "a node without the majority")


def _rejoin(node: GaleraNode) -> None:
    node.isolate(False)
    wait_until(lambda: node.status("wsrep_ready") == "ON", "all nodes together")


def _freeze(node: GaleraNode) -> None:
    with frozen(node.pid, seconds=2 * _FROZEN_SECONDS):
        time.sleep(_FROZEN_SECONDS)
