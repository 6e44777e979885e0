"""A real Delta Chat without a window: deltachat-rpc-server, controlled by JSON-RPC over pipes."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.own_files import over_etc, write_names
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program


class ConfigureFailed(Exception):
    """Delta Chat cannot set up the account; the message is its reason."""


class DeltaChat:
    """A running Delta Chat."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._last_id = 0

    def call(self, method: str, *parameters: object) -> Any:
        """Call a method of the JSON-RPC API; raise ConfigureFailed with Delta Chat's message."""
        assert self._process.stdin
        assert self._process.stdout
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method}
        line = json.dumps(request | {"params": list(parameters)})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        for answer in map(json.loads, self._process.stdout):
            if answer.get("id") != self._last_id:
                continue
            if "error" in answer:
                raise ConfigureFailed(answer["error"]["message"])
            return answer["result"]
        raise ConnectionResetError("deltachat-rpc-server ended")

    def set_up(self, address: str) -> str:
        """Set up an account as the app does, and remove it again.

        Returns the servers in Delta Chat's notation, such as `imap:[host:993:tls] smtp:[...]`.
        Raises ConfigureFailed if it cannot log in.
        """
        account = self.call("add_account")
        # Strict checks accept only the public authorities that are compiled in.
        entered = {
            "addr": address,
            "password": "a password made up for a test",
            "certificateChecks": "acceptInvalidCertificates",
        }
        try:
            self.call("add_or_update_transport", account, entered)
            servers: str = self.call("get_info", account)["used_transport_settings"]
            return servers
        finally:
            self.call("remove_account", account)


@contextmanager
def delta_chat(folder: Path, hosts: Sequence[str]) -> Iterator[DeltaChat]:
    """Run Delta Chat; only the hosts resolve, to 127.0.0.1."""
    command = over_etc(write_names(folder, hosts), [program("deltachat-rpc-server")])
    with (
        (folder / "deltachat.log").open("wb") as log,
        subprocess.Popen(
            tied_to_this_process(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | {"DC_ACCOUNTS_PATH": f"{folder / 'accounts'}"},
        ) as process,
    ):
        try:
            yield DeltaChat(process)
        finally:
            process.terminate()
            process.wait(timeout=10)
