"""The web servers of this machine, and the site that each needs in front of Waypost.

The texts in `sites/` are those of the guide, for the domain example.com.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

from waypost.core.address import DomainName
from waypost.formats.discovery_hosts import host_names
from waypost.setup.files import PlannedFile, local_path

KINDS: Final = ("autoconfig", "autodiscover", "ua-auto-config")
"""The names of a domain in its site: the default of the option tls_names."""
_SAMPLE: Final = "example.com"
_FOLDERS: Final = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")
_LIVE: Final = PurePosixPath("/etc/letsencrypt/live")
_HAPROXY_CERTIFICATES: Final = PurePosixPath("/etc/haproxy/certificates")
CADDYFILE: Final = PurePosixPath("/etc/caddy/Caddyfile")
_TLS_WORDS: Final = ("443 ssl", "ssl_certificate")
_NO_CERTIFICATE: Final = (
    "# When this file was written, there was no certificate. certbot changes this file itself.",
    "# With another tool: correct the lines for TLS, and remove their # when it has a certificate.",
)


class WebServer(StrEnum):
    """A web server for which Waypost has a site, in the order of preference."""

    NGINX = "nginx"
    APACHE = "apache"
    CADDY = "caddy"
    HAPROXY = "haproxy"


@dataclass(frozen=True, slots=True)
class SetupStep:
    """A command that the operator runs next.

    Attributes:
        command: for a shell of root.
        purpose: what it does.
        can_run: `waypost init --start` runs it; other commands need an answer of the operator.
    """

    command: str
    purpose: str
    can_run: bool = False


_PROGRAMS: Final[Mapping[WebServer, tuple[str, ...]]] = {
    WebServer.NGINX: ("nginx",),
    WebServer.APACHE: ("apache2", "httpd"),
    WebServer.CADDY: ("caddy",),
    WebServer.HAPROXY: ("haproxy",),
}
_TEMPLATES: Final[Mapping[WebServer, str]] = {
    WebServer.NGINX: "nginx.conf",
    WebServer.APACHE: "apache.conf",
    WebServer.CADDY: "waypost.caddy",
    WebServer.HAPROXY: "haproxy.cfg",
}


def installed_web_servers(root: Path) -> tuple[WebServer, ...]:
    """Return the web servers whose program is below a root, in the order of preference."""
    return tuple(server for server in WebServer if find_program(root, _PROGRAMS[server]))


def find_program(root: Path, names: Iterable[str]) -> PurePosixPath | None:
    """Return the path of the first of these programs in the usual folders below a root."""
    paths = (PurePosixPath(folder, name) for name in names for folder in _FOLDERS)
    return next((path for path in paths if os.access(local_path(root, path), os.X_OK)), None)


def web_names(domain: DomainName) -> tuple[str, ...]:
    """Return the names of a domain that its site and its certificate have."""
    return host_names(domain, KINDS)


def public_url(domain: DomainName) -> str:
    """Return the URL of a Waypost whose first domain this is: no other name is needed."""
    return f"https://{KINDS[0]}.{domain}"


def guide_site(server: WebServer) -> str:
    """Return the site that the guide shows."""
    return (files("waypost.setup") / "sites" / _TEMPLATES[server]).read_text(encoding="utf-8")


def has_certificate(root: Path, server: WebServer, domain: DomainName) -> bool:
    """Return whether the certificate that the site names is there; Caddy gets its own."""
    if server is WebServer.CADDY:
        return True
    folder = _HAPROXY_CERTIFICATES if server is WebServer.HAPROXY else _LIVE / web_names(domain)[0]
    try:
        return any(local_path(root, folder).glob("*.pem"))
    except OSError:
        return False


def site_of(server: WebServer, domain: DomainName, *, certificate: bool) -> str:
    """Return the site of a domain.

    Args:
        server: the web server.
        domain: the mail domain.
        certificate: whether the domain has one; without it, the lines for TLS are comments, so
            that the web server starts.
    """
    text = guide_site(server).replace(_SAMPLE, domain.ascii)
    if certificate:
        return text
    lines = text.splitlines()
    if server is WebServer.APACHE:
        start = lines.index("<VirtualHost *:443>")
        kept = [*lines[:start], *(f"#{line}" for line in lines[start:])]
    else:
        kept = [f"#{line}" if any(word in line for word in _TLS_WORDS) else line for line in lines]
    return "\n".join((*_NO_CERTIFICATE, *kept)) + "\n"


def site_file(root: Path, server: WebServer, domain: DomainName) -> PlannedFile:
    """Return the file of the site that the web server reads, or that a step makes it read."""
    text = site_of(server, domain, certificate=has_certificate(root, server, domain))
    return PlannedFile(
        _site_path(root, server, domain), text, f"the site for {server}", mark=_mark(server, domain)
    )


def _mark(server: WebServer, domain: DomainName) -> str:
    """Return what a site for the domain has, also after certbot or the operator has changed it."""
    return "" if server is WebServer.HAPROXY else web_names(domain)[0]


def _site_path(root: Path, server: WebServer, domain: DomainName) -> PurePosixPath:
    name = f"waypost-{domain}"
    match server:
        case WebServer.NGINX:
            return PurePosixPath(f"/etc/nginx/conf.d/{name}.conf")
        case WebServer.APACHE if _is_debian_apache(root):
            return PurePosixPath(f"/etc/apache2/sites-available/{name}.conf")
        case WebServer.APACHE:
            return PurePosixPath(f"/etc/httpd/conf.d/{name}.conf")
        case WebServer.CADDY:
            return PurePosixPath(f"/etc/caddy/{name}.caddy")
        case WebServer.HAPROXY:
            return PurePosixPath(f"/etc/haproxy/{name}.cfg")


def _is_debian_apache(root: Path) -> bool:
    """Return whether Apache's files are where Debian has them, and not where Red Hat has them."""
    return not local_path(root, PurePosixPath("/etc/httpd")).is_dir()


def steps_of(
    root: Path, server: WebServer, domain: DomainName, names: Sequence[str]
) -> tuple[SetupStep, ...]:
    """Return the steps that make a web server use the site, and get a certificate.

    Args:
        root: the root of the machine.
        server: its web server.
        domain: the mail domain.
        names: the host names that DNS has or should have, for the certificate.
    """
    site = _site_path(root, server, domain)
    certificate = has_certificate(root, server, domain)
    match server:
        case WebServer.NGINX:
            start = [
                SetupStep("nginx -t -q", "check the configuration of nginx", can_run=True),
                SetupStep("systemctl reload-or-restart nginx", "let nginx read it", can_run=True),
            ]
        case WebServer.APACHE if _is_debian_apache(root):
            start = [
                SetupStep("a2enmod -q headers proxy_http ssl", "load the modules", can_run=True),
                SetupStep(f"a2ensite -q {site.stem}", "enable the site", can_run=True),
                SetupStep("apache2ctl -t", "check the configuration of Apache", can_run=True),
                SetupStep(
                    "systemctl reload-or-restart apache2", "let Apache read it", can_run=True
                ),
            ]
        case WebServer.APACHE:
            start = [
                SetupStep(
                    "systemctl reload-or-restart httpd", "let Apache read the site", can_run=True
                )
            ]
        case WebServer.CADDY:
            return tuple(_caddy_steps(root, site))
        case WebServer.HAPROXY:
            main = site.with_name("haproxy.cfg")
            start = [
                SetupStep(f"cat {site} >> {main}", "add the site to the configuration of HAProxy"),
                SetupStep("systemctl reload-or-restart haproxy", "let HAProxy read it"),
            ]
    return (*start, *(() if certificate else _certificate_steps(server, domain, names)))


def _caddy_steps(root: Path, site: PurePosixPath) -> list[SetupStep]:
    reload = "systemctl reload-or-restart caddy"
    purpose = "let Caddy read the site; Caddy gets the certificates itself"
    try:
        main = local_path(root, CADDYFILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        main = ""
    if site.name in main:
        return [SetupStep(reload, purpose, can_run=True)]
    return [SetupStep(f"echo 'import {site}' >> {CADDYFILE} && {reload}", purpose)]


def _certificate_steps(
    server: WebServer, domain: DomainName, names: Sequence[str]
) -> tuple[SetupStep, ...]:
    if server is WebServer.HAPROXY:
        folder, name = _HAPROXY_CERTIFICATES, web_names(domain)[0]
        return (
            SetupStep(
                f"install -d -m 700 {folder} && cat {_LIVE}/{name}/fullchain.pem "
                f"{_LIVE}/{name}/privkey.pem > {folder}/{name}.pem",
                "after certbot or another tool has got a certificate: give it to HAProxy, and "
                "remove the # from the line with port 443",
            ),
        )
    return (
        SetupStep(
            f"certbot --{server} --no-redirect {' '.join(f'-d {name}' for name in names)}",
            f"get a certificate, and let certbot add it to the site of {server}",
        ),
    )
