"""Run `waypost serve` in this process, and print what it has imported after its first answers.

`python -m tests.imports.probe PORT OPTIONS`: the options are those of `waypost serve`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from pathlib import Path
from socket import create_connection
from threading import Thread
from types import ModuleType
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_PAGE_KB: Final = os.sysconf("SC_PAGE_SIZE") // 1024
_PATIENCE_SECONDS: Final = 60.0
_POX: Final = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    b'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress>'
    b"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    b"responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)
_PATHS: Final = (
    "/mail/config-v1.1.xml?emailaddress=alice@example.com",
    "/mail/config-v1.1.xml?emailaddress=alice@not.served",
    "/mobileconfig?emailaddress=alice@example.com",
    "/autodiscover/autodiscover.json?Email=alice@example.com&Protocol=AutodiscoverV1",
)


class Ledger:
    """The memory that grew while each module was loaded, without the modules that it imports.

    Attributes:
        kilobytes: KB of resident memory, by the name of the module.
    """

    def __init__(self) -> None:
        self.kilobytes: dict[str, int] = {}
        self._loading: list[str] = []
        self._before = resident_kb()

    def begin(self, name: str) -> None:
        """Count from here for this module."""
        self._count()
        self._loading.append(name)

    def end(self) -> None:
        """Count from here for the module that imports the last one."""
        self._count()
        self._loading.pop()

    def _count(self) -> None:
        now = resident_kb()
        if self._loading:
            name = self._loading[-1]
            self.kilobytes[name] = self.kilobytes.get(name, 0) + now - self._before
        self._before = now


def resident_kb() -> int:
    """Return the resident memory of this process in KB."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE_KB


def watch_imports() -> Ledger:
    """Return what all imports from now on are counted in."""
    ledger = Ledger()

    class Source(SourceFileLoader):
        def exec_module(self, module: ModuleType) -> None:
            ledger.begin(module.__name__)
            try:
                super().exec_module(module)
            finally:
                ledger.end()

    class Extension(ExtensionFileLoader):
        def create_module(self, spec: ModuleSpec) -> ModuleType:
            ledger.begin(spec.name)
            try:
                return super().create_module(spec)
            finally:
                ledger.end()

        def exec_module(self, module: ModuleType) -> None:
            ledger.begin(module.__name__)
            try:
                super().exec_module(module)
            finally:
                ledger.end()

    hook = FileFinder.path_hook((Extension, EXTENSION_SUFFIXES), (Source, SOURCE_SUFFIXES))
    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    return ledger


def _report(ledger: Ledger, port: int) -> None:
    """Send requests to the server in this process, print the table, and end the process."""
    code = 1
    try:
        for path in _PATHS:
            _request(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        _request(port, f"{head}Content-Length: {len(_POX)}\r\n\r\n".encode() + _POX)
        report = {"kilobytes": ledger.kilobytes, "resident": resident_kb()}
        sys.stdout.write(json.dumps(report))
        sys.stdout.flush()
        code = 0
    finally:
        os._exit(code)


def _request(port: int, request: bytes) -> None:
    """Send a request as soon as the server listens; raise RuntimeError if it is not answered."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            with create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as connection:
                connection.sendall(request)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
        except ConnectionRefusedError:
            time.sleep(0.02)
            continue
        if answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 ")):
            return
        raise RuntimeError(f"{request!r} was answered with {answer[:200]!r}")
    raise RuntimeError("the server does not listen")


def main(arguments: Sequence[str]) -> int:
    """Run the server until it has answered; the arguments are the port and its options."""
    port, *options = arguments
    ledger = watch_imports()
    Thread(target=_report, args=(ledger, int(port)), daemon=True).start()
    from waypost.cli.main import main as run_command

    return run_command(["serve", "--port", port, "--admin-port", "0", *options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
