"""nginx with a site that the documentation shows, on the ports of a test."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program
from tests.servers.waypost import free_port

_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


@contextmanager
def documented(
    folder: Path, site: str, places: Mapping[str, str], more: str = ""
) -> Iterator[tuple[int, int]]:
    """Run nginx, and yield its ports for http and https.

    Args:
        folder: the folder for its files.
        site: the site from the page.
        places: texts of the page, each with its replacement for the test.
        more: a second server, with the placeholder `{http}` for its port.
    """
    http, https = free_port(), free_port()
    site = re.sub(r"listen \[::\].*\n", "", site)
    ports = {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
    }
    text = site + more.replace("{http}", f"{http}")
    for old, new in {**ports, **places}.items():
        assert old in site
        text = text.replace(old, new)
    configuration = folder / "nginx.conf"
    configuration.write_text(_MAIN.format(folder=folder, site=text), encoding="utf-8")
    command = [program("nginx"), "-p", f"{folder}", "-e", f"{folder}/error.log"]
    with Process([*command, "-c", f"{configuration}"], log=folder / "output") as process:
        process.wait_until(lambda: listens(https))
        yield http, https
