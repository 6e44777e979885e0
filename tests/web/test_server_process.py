"""Imports of a server and its processes: no search for garbage, and no Rich for structlog."""

import subprocess
import sys
from pathlib import Path

import pytest

_LOAD = """
import gc, sys
from waypost.web.server_process import importing_server
{before}
with importing_server():
    assert not gc.isenabled()
    import waypost.cli.start_server
assert gc.isenabled() and gc.get_freeze_count()
print(sys.modules.get("rich", "absent") != "absent")
import rich.console
"""

# The parent has loaded Rich. A worker imports its modules to read what it runs.
_WORKER = """
import gc, sys
from multiprocessing import Pipe

def child(pipe, listener, serve):
    assert gc.get_freeze_count()
    pipe.send([module in sys.modules for module in (serve.__module__, "structlog", "rich")])
    pipe.send(listener.getsockname())

if __name__ == "__main__":
    import rich.console
    import socket
    from waypost.web.public.workers.worker import serve_worker
    from waypost.web.server_process import server_process
    ours, its = Pipe()
    listener = socket.create_server(("127.0.0.1", 0))
    server_process("worker", child, (its, listener, serve_worker)).start()
    its.close()
    print(*ours.recv(), ours.recv() == listener.getsockname())
"""


@pytest.mark.parametrize(
    ("before", "has_rich"),
    [("", "False"), ("import rich", "True"), ("import structlog", "True")],
    ids=["alone", "after Rich", "after structlog"],
)
def test_rich(before: str, has_rich: str) -> None:
    """A server does not load Rich, unless it is loaded already; later imports find it."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD.format(before=before)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == has_rich


def test_other_process(tmp_path: Path) -> None:
    """A process of the server gets its sockets, and imports its modules without Rich."""
    program = tmp_path / "program.py"
    program.write_text(_WORKER, encoding="utf-8")
    done = subprocess.run([sys.executable, program], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "True True False True\n"
