"""Web servers that forward everything to Waypost, run by the users of their Debian packages."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program
from tests.servers.waypost import free_port

NGINX_PACKAGE = Path("/etc/nginx/nginx.conf")
HAPROXY_PACKAGE = Path("/etc/haproxy/haproxy.cfg")
_APACHE_MODULES = "/usr/lib/apache2/modules"

_BARE = "proxy_pass http://{waypost};"
NGINX_LOCATIONS = {
    "bare": _BARE,
    "HTTP/1.1": f'{_BARE} proxy_http_version 1.1; proxy_set_header Connection "";',
    "Host $host": f"{_BARE} proxy_set_header Host $host;",
    "Host $http_host, HTTP/1.1": (
        f"{_BARE} proxy_http_version 1.1; proxy_set_header Host $http_host;"
    ),
}
_HAPROXY = """
frontend clients
    bind {own}
{lines}
    default_backend waypost
backend waypost
    server waypost {waypost}
"""
_APACHE = """
{modules}
User {user}
Group {user}
Listen {own}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
ServerName localhost
{options}
ProxyPass / http://{waypost}/
"""
_CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    reverse_proxy {waypost} {{
{lines}
    }}
}}
"""
_HAPROXY_FORWARDING = """
    option forwardfor
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
"""
_CADDY_SILENT = """
        header_up -X-Forwarded-For
        header_up -X-Forwarded-Proto
        header_up -X-Forwarded-Host
"""


@dataclass(frozen=True, slots=True)
class Front:
    """A web server to run.

    Attributes:
        command: the command, without a change of user: the program changes it, or `user` is set.
    """

    command: list[str]
    user: str | None = None
    environment: Mapping[str, str] | None = None


Writer = Callable[[Path, int, str], Front]


def nginx(location: str, user: str | None = None, *, more: str = "") -> Writer:
    """Return a function that writes the package's nginx.conf, with one site.

    Args:
        location: the content of the location.
        user: another user than the package's.
        more: other lines of the site.
    """

    def write(folder: Path, port: int, waypost: str) -> Front:
        text = NGINX_PACKAGE.read_text(encoding="utf-8")
        place = location.format(waypost=waypost)
        site = f"server {{ listen 127.0.0.1:{port}; {more} location / {{ {place} }} }}"
        changes = {
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/": f"{folder}/",
            "include /etc/nginx/modules-enabled/*.conf;": "",
            "include /etc/nginx/conf.d/*.conf;": "",
            "include /etc/nginx/sites-enabled/*;": site,
        }
        if user is not None:
            changes["user www-data;"] = f"user {user};"
        configuration = folder / "nginx.conf"
        configuration.write_text(_changed(text, changes), encoding="utf-8")
        return Front([program("nginx"), "-c", f"{configuration}", "-g", "daemon off;"])

    return write


def haproxy(folder: Path, port: int, waypost: str) -> Front:
    """Write the package's haproxy.cfg, with a frontend and a backend."""
    return _haproxy(folder, port, waypost, {})


def haproxy_forwarding(folder: Path, port: int, waypost: str) -> Front:
    """Write haproxy.cfg for a HAProxy that sends the headers of the guide."""
    return _haproxy(folder, port, waypost, {}, _HAPROXY_FORWARDING)


def haproxy_of_root(folder: Path, port: int, waypost: str) -> Front:
    """Write haproxy.cfg for a HAProxy that stays root."""
    return _haproxy(folder, port, waypost, {"user haproxy": "", "group haproxy": ""})


def _haproxy(
    folder: Path, port: int, waypost: str, more: Mapping[str, str], lines: str = ""
) -> Front:
    text = HAPROXY_PACKAGE.read_text(encoding="utf-8")
    changes = {"/run/haproxy/admin.sock": f"{folder}/admin.sock", **more}
    configuration = folder / "haproxy.cfg"
    places = _HAPROXY.format(own=f"127.0.0.1:{port}", waypost=waypost, lines=lines)
    configuration.write_text(_changed(text, changes) + places, encoding="utf-8")
    return Front([program("haproxy"), "-db", "-f", f"{configuration}"])


def apache(options: str, user: str = "www-data") -> Writer:
    """Return a function that writes Apache's configuration, with the package's user."""

    def write(folder: Path, port: int, waypost: str) -> Front:
        names = ("mpm_event", "authz_core", "proxy", "proxy_http")
        lines = [f"LoadModule {name}_module {_APACHE_MODULES}/mod_{name}.so" for name in names]
        text = _APACHE.format(
            modules="\n".join(lines),
            user=user,
            own=f"127.0.0.1:{port}",
            folder=folder,
            options=options,
            waypost=waypost,
        )
        configuration = folder / "apache.conf"
        configuration.write_text(text, encoding="utf-8")
        command = [program("apache2"), "-d", f"{folder}", "-f", f"{configuration}"]
        return Front([*command, "-DFOREGROUND"])

    return write


def caddy(folder: Path, port: int, waypost: str) -> Front:
    """Write a Caddyfile for a Caddy that sends no headers about its clients."""
    return _caddy(folder, port, waypost, _CADDY_SILENT)


def caddy_forwarding(folder: Path, port: int, waypost: str) -> Front:
    """Write a Caddyfile for a Caddy that sends its usual headers."""
    return _caddy(folder, port, waypost, "")


def _caddy(folder: Path, port: int, waypost: str, lines: str) -> Front:
    configuration = folder / "Caddyfile"
    text = _CADDY.format(port=port, waypost=waypost, lines=lines)
    configuration.write_text(text, encoding="utf-8")
    command = [program("caddy"), "run", "--config", f"{configuration}", "--adapter", "caddyfile"]
    return Front(command, "caddy", {"HOME": f"{folder}", "PATH": "/usr/bin:/bin"})


def relay(user: str | None) -> Writer:
    """Return a command for socat, which forwards bytes and does not know HTTP."""

    def write(_folder: Path, port: int, waypost: str) -> Front:
        own = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
        return Front([program("socat"), own, f"TCP:{waypost}"], user)

    return write


@contextmanager
def running(write: Writer, folder: Path, waypost: str) -> Iterator[int]:
    """Run a web server in front of Waypost, and yield its port on 127.0.0.1.

    Args:
        write: the function that writes its configuration.
        folder: the folder for its files, readable by all users.
        waypost: the host and the port of Waypost.
    """
    port = free_port()
    front = write(folder, port, waypost)
    process = Process(
        front.command, log=folder / "output", environment=front.environment, user=front.user
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield port


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"{old} is not in the package's file"
        text = text.replace(old, new)
    return text
