"""Two instances behind nginx are restarted one directly after the other, with the guide's lines."""

import re
import sys
from pathlib import Path

import pytest

from tests.cli.serve.test_serve_restarts import OPTIONS, Clients, Code
from tests.docs.pages import ROOT, blocks
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.service_manager import ServiceManager
from tests.servers.waypost import free_port

MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


def site(port: int, ports: tuple[int, int]) -> str:
    """Return the site of the guide's chapter on upgrades, without TLS."""
    found = blocks(ROOT / "docs" / "guide.md", "nginx")
    (text,) = (block.text for block in found if "upstream waypost" in block.text)
    text = re.sub(r"^ *ssl_certificate.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("192.0.2.1:4243", f"127.0.0.1:{ports[0]}")
    text = text.replace("192.0.2.2:4243", f"127.0.0.1:{ports[1]}")
    assert "192.0.2" not in text
    return text


@pytest.mark.servers
@pytest.mark.slow
def test_no_request_fails(tmp_path: Path) -> None:
    """No request fails while ten restarts of two instances follow each other without a pause."""
    require(programs=["nginx"])
    code = Code(tmp_path / "src")
    code.change(0)
    port, ports = free_port(), (free_port(), free_port())
    configuration = tmp_path / "nginx.conf"
    text = MAIN.format(folder=tmp_path, site=site(port, ports))
    configuration.write_text(text, encoding="utf-8")
    nginx = [program("nginx"), "-p", f"{tmp_path}", "-e", f"{tmp_path}/error.log"]
    commands = [
        [sys.executable, "-m", "waypost", "serve", *OPTIONS, "--port", f"{one}"] for one in ports
    ]
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with (
        ServiceManager(folders[0]) as first,
        ServiceManager(folders[1]) as second,
        Process([*nginx, "-c", f"{configuration}"], log=tmp_path / "output") as process,
    ):
        managers = (first, second)
        for manager, command in zip(managers, commands, strict=True):
            manager.start(command, code.environment())
        process.wait_until(lambda: listens(port))
        clients = Clients(port)
        with clients.sending():
            clients.wait_for(0)
            for version in range(1, 6):
                code.change(version)
                for manager, command in zip(managers, commands, strict=True):
                    manager.stop()
                    manager.start(command, code.environment())
            clients.wait_for(5)
    sent = sum(clients.answers.values()) + len(clients.failures)
    counts = f"{sent} requests, {len(clients.failures)} failed, {clients.retries} sent again"
    sys.stdout.write(f"{counts}\n")
    assert not clients.failures, clients.failures[:10]
    refused = (tmp_path / "error.log").read_text(encoding="utf-8").count("Connection refused")
    assert refused > 0, "no restart was noticed"
