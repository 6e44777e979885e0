"""Two sites: how long the first answer for a domain takes with a database far away."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.scale.load import checked_load, template
from tests.scale.machines import fill, serving
from tests.servers.patience import wait_until
from tests.servers.postgresql_replica import replicated_postgresql, uri_of

_ONE_WAY_SECONDS: Final = 0.01
_LASTS_SECONDS: Final = 5.0


def measured() -> str:
    """Return the median times with the primary 20 ms away, and with a replica at the own site."""
    with replicated_postgresql() as (primary, replica), _far_away(primary.port) as port:
        times = []
        for has_replica in (False, True):
            database = primary.fresh()
            near = uri_of([primary], database, "any", "psycopg")
            uri = near.replace(f":{primary.port}", f":{port}")
            read_uri = uri_of([replica], database, "any", "psycopg")
            with TemporaryDirectory(prefix="waypost-scale-") as folder:
                fill(Path(folder), near)
                wait_until(lambda: not replica.is_behind(), "the replica")
                more = {"WAYPOST_DB_READ_URI": read_uri} if has_replica else {}
                times.append(_median_milliseconds(Path(folder), uri, more))
    return (
        f"* Two sites, {2000 * _ONE_WAY_SECONDS:.0f} ms apart: the first answer for a domain takes "
        f"{times[0]:.1f} ms (median), with `db_read_uri` {times[1]:.1f} ms."
    )


def _median_milliseconds(folder: Path, uri: str, more: dict[str, str]) -> float:
    with (
        serving(folder, [uri], more) as ports,
        checked_load(ports, template(ports[0])) as load,
    ):
        load.wait_for_right()
        start = time.monotonic()
        time.sleep(_LASTS_SECONDS)
        return 1000 * statistics.median(one.seconds for one in load.since(start, "new"))


@contextmanager
def _far_away(target_port: int) -> Iterator[int]:
    """Pass bytes to a port of this machine, each direction with a delay; yield the own port."""
    listening = socket.create_server(("127.0.0.1", 0))
    sockets = [listening]
    threads: list[threading.Thread] = []

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(_ONE_WAY_SECONDS)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", target_port))
            sockets.extend((client, server))
            for pair in ((client, server), (server, client)):
                threads.append(threading.Thread(target=carry, args=pair, daemon=True))
                threads[-1].start()

    threads.append(threading.Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield listening.getsockname()[1]
    finally:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in threads:
            thread.join()
