"""nginx on port 80 and 443 of an address, in front of Waypost as in an operator's setup.

Each host name is a site. For all other names, the TLS handshake is refused, and plain http gets
404.
"""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from tests.servers.authority import Authority, KeyPair
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program

Scheme = Literal["http", "https"]
_MARKED_HOST = "log.invalid"

_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    default_type application/octet-stream;
    server_names_hash_bucket_size 128;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    log_format lines escape=json '{{"scheme":"$scheme","host":"$host","method":"$request_method",'
        '"target":"$request_uri","status":$status,"content_type":"$content_type"}}';
    access_log {folder}/access.log lines;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    server {{ listen {address}:80 default_server; return 404; }}
    server {{ listen {address}:443 ssl default_server; ssl_reject_handshake on; }}
{sites}
}}
"""

_SITE = """
    server {{
        listen {listen};
        server_name {host};
{locations}
    }}
"""

_PROXY = (
    "proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $host; "
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
    "proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One line of nginx's access log."""

    scheme: str
    host: str
    method: str
    target: str
    status: int
    content_type: str

    @property
    def is_get(self) -> bool:
        """Return whether the client only reads."""
        return self.method == "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.scheme}://{self.host}{self.target}"


@dataclass(frozen=True, slots=True)
class Site:
    """One host name with one scheme; Waypost answers below `path`, unless configured otherwise.

    Attributes:
        files: a folder, served instead.
        moved: a status and a URL, sent instead with nginx's `return`.
        other_port: the port of another server on 127.0.0.1, which answers below `other_path`.
    """

    scheme: Scheme
    host: str
    path: str = "/"
    files: Path | None = None
    moved: str = ""
    other_path: str = ""
    other_port: int = 0


class AccessLog:
    """The requests that nginx has answered so far."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._marks = count(1)

    def requests(self) -> list[Request]:
        """Return all requests that were answered before now, oldest first.

        nginx has one process, which logs a request after its answer, and before the next answer.
        So this function sends a request, and waits for its line. TimeoutError if it does not come.
        """
        mark = f"/mark/{next(self._marks)}"
        with socket.create_connection(("127.0.0.1", 80), timeout=PATIENCE_SECONDS) as asking:
            asking.sendall(f"GET {mark} HTTP/1.0\r\nHost: {_MARKED_HOST}\r\n\r\n".encode())
            while asking.recv(4096):
                pass
        end = time.monotonic() + PATIENCE_SECONDS
        while mark not in (text := self._file.read_text(encoding="utf-8")):
            if time.monotonic() > end:
                raise TimeoutError(f"nginx has not written {mark} to its log")
            time.sleep(0.01)
        found = [Request(**json.loads(line)) for line in text.splitlines()]
        return [request for request in found if request.host != _MARKED_HOST]

    def of_domain(self, domain: str, *, after: int = 0) -> list[Request]:
        """Return the requests to a domain's hosts, or with the domain in the URL, oldest first.

        The first `after` requests are left out.
        """
        found = [
            request
            for request in self.requests()
            if request.host == domain
            or request.host.endswith(f".{domain}")
            or request.target.endswith(f"/{domain}")
        ]
        return found[after:]


@contextmanager
def nginx(
    folder: Path,
    authority: Authority,
    sites: Sequence[Site],
    *,
    waypost_port: int,
    pair: KeyPair | None = None,
    address: str = "127.0.0.1",
) -> Iterator[AccessLog]:
    """Run nginx for some sites; TimeoutError with nginx's output if it does not start.

    Without a key pair, the authority issues one certificate for all sites. Its log can be read
    at 127.0.0.1 only.
    """
    pair = pair or authority.issue("nginx", sorted({site.host for site in sites}))
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _MAIN.format(
            folder=folder,
            address=address,
            certificate=pair.certificate,
            key=pair.key,
            sites="".join(_site(site, waypost_port, address) for site in sites),
        ),
        encoding="utf-8",
    )
    command = [program("nginx"), "-p", f"{folder}", "-e", f"{folder}/error.log"]
    process = Process([*command, "-c", f"{configuration}"], log=folder / "nginx.output")
    with process:
        process.wait_until(lambda: listens(443, address))
        yield AccessLog(folder / "access.log")


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether a server listens on a port of an address."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _site(site: Site, waypost_port: int, address: str) -> str:
    if site.moved:
        action = f"return {site.moved};"
    elif site.files is None:
        action = _PROXY.format(port=waypost_port)
    else:
        action = f"root {site.files}; default_type text/xml;"
    locations = [f"location {site.path} {{ {action} }}"]
    if site.other_path:
        locations.append(f"location {site.other_path} {{ {_PROXY.format(port=site.other_port)} }}")
    if "/" not in (site.path, site.other_path):
        locations.append("location / { return 404; }")
    return _SITE.format(
        listen=f"{address}:443 ssl" if site.scheme == "https" else f"{address}:80",
        host=site.host,
        locations="\n".join(f"        {location}" for location in locations),
    )
