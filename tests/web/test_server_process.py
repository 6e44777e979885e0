"""Imports of a server and its processes: no search for garbage, and no Rich for structlog."""

import gc
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from waypost.web.server_process import importing_server, server_process

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


@pytest.fixture(name="unloaded")
def _unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python forget Rich and structlog during a test, as at the start of a server."""
    for name in ("rich", "structlog"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("unloaded")
def test_imports_in_this_process() -> None:
    """Rich is absent only inside `with`, and no search for garbage is made there."""
    assert gc.isenabled()
    with importing_server():
        assert not gc.isenabled()
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("rich")
    assert gc.isenabled()
    assert importlib.import_module("rich").__name__ == "rich"


@pytest.mark.usefixtures("unloaded")
def test_import_that_fails() -> None:
    """After an import that fails, the process is as it was: its error can be shown with Rich."""
    with pytest.raises(ModuleNotFoundError, match="absent"), importing_server():
        importlib.import_module("absent")
    assert gc.isenabled()
    assert "rich" not in sys.modules


@pytest.mark.usefixtures("unloaded")
def test_process_that_searches_for_no_garbage() -> None:
    """A process that has switched the search off keeps it off."""
    gc.disable()
    try:
        with importing_server():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("loaded", ["rich", "structlog"])
def test_modules_that_are_loaded_stay(
    monkeypatch: pytest.MonkeyPatch, unloaded: None, loaded: str
) -> None:
    """If Rich or structlog is loaded already, nothing is hidden."""
    assert unloaded is None
    module = ModuleType(loaded)
    monkeypatch.setitem(sys.modules, loaded, module)
    with importing_server():
        assert sys.modules[loaded] is module
        assert importlib.import_module("rich").__name__ == "rich"
    assert sys.modules[loaded] is module


def test_new_process() -> None:
    """A process has its name, is not started yet, and ends with the one that made it."""
    process = server_process("worker 1", print, ("x",))
    assert (process.name, process.daemon, process.pid) == ("worker 1", True, None)
