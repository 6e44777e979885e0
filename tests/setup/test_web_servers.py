"""The sites of the web servers: the guide's texts, for each domain."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.servers.requirements import program, require
from waypost.core.address import DomainName
from waypost.setup import web_servers
from waypost.setup.files import local_path
from waypost.setup.web_servers import (
    WebServer,
    guide_site,
    has_certificate,
    installed_web_servers,
    site_file,
    site_of,
    steps_of,
)

DOMAIN = DomainName("mail.example")
NAMES = tuple(f"{kind}.mail.example" for kind in ("autoconfig", "autodiscover", "ua-auto-config"))
LANGUAGES = {
    WebServer.NGINX: "nginx",
    WebServer.APACHE: "apache",
    WebServer.CADDY: "caddyfile",
    WebServer.HAPROXY: "haproxy",
}


@pytest.mark.parametrize("server", WebServer)
def test_guide_shows_the_site(server: WebServer) -> None:
    """The guide's first site for a web server is the text that is written."""
    shown = blocks(ROOT / "docs" / "guide.md", LANGUAGES[server])[0].text
    assert shown == guide_site(server)


@pytest.mark.parametrize("server", WebServer)
@pytest.mark.parametrize("certificate", [True, False])
def test_site_of_a_domain(server: WebServer, certificate: bool) -> None:
    """The site has the names of the domain and none of the sample domain."""
    text = site_of(server, DOMAIN, certificate=certificate)
    assert "example.com" not in text
    has_names = all(name in text for name in NAMES)
    assert has_names or server is WebServer.HAPROXY
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    active = "\n".join(lines)
    if server is not WebServer.CADDY:
        assert ("443" in active) is certificate
    assert "127.0.0.1:4243" in active


def executable(root: Path, name: str) -> None:
    """Make a program below a root."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755)


def test_installed_web_servers(tmp_path: Path) -> None:
    """The programs below the root count, in the order of preference, and files alone do not."""
    assert installed_web_servers(tmp_path) == ()
    executable(tmp_path, "usr/sbin/haproxy")
    executable(tmp_path, "usr/sbin/httpd")
    (tmp_path / "usr/sbin/nginx").touch(mode=0o644)
    assert installed_web_servers(tmp_path) == (WebServer.APACHE, WebServer.HAPROXY)


def test_certificate(tmp_path: Path) -> None:
    """With a certificate where certbot has it, the site uses it, and no step gets another one."""
    live = tmp_path / f"etc/letsencrypt/live/{NAMES[0]}"
    assert not has_certificate(tmp_path, WebServer.NGINX, DOMAIN)
    assert "certbot" in steps_of(tmp_path, WebServer.NGINX, DOMAIN, NAMES)[-1].command
    live.mkdir(parents=True)
    (live / "fullchain.pem").touch()
    assert has_certificate(tmp_path, WebServer.NGINX, DOMAIN)
    assert "\n    listen 443 ssl;\n" in site_file(tmp_path, WebServer.NGINX, DOMAIN).text
    steps = steps_of(tmp_path, WebServer.NGINX, DOMAIN, NAMES)
    assert not any("certbot" in step.command for step in steps)


PLACES = [
    # web server, a folder of the machine, where its site is
    (WebServer.NGINX, "etc", "/etc/nginx/conf.d/waypost-mail.example.conf"),
    (WebServer.APACHE, "etc/apache2", "/etc/apache2/sites-available/waypost-mail.example.conf"),
    (WebServer.APACHE, "etc/httpd", "/etc/httpd/conf.d/waypost-mail.example.conf"),
    (WebServer.CADDY, "etc", "/etc/caddy/waypost-mail.example.caddy"),
    (WebServer.HAPROXY, "etc", "/etc/haproxy/waypost-mail.example.cfg"),
]


@pytest.mark.parametrize(("server", "folder", "path"), PLACES)
def test_place_of_the_site(tmp_path: Path, server: WebServer, folder: str, path: str) -> None:
    """The site is where the web server reads it, or where a step makes it read it."""
    (tmp_path / folder).mkdir(parents=True)
    assert str(site_file(tmp_path, server, DOMAIN).path) == path
    commands = " ".join(step.command for step in steps_of(tmp_path, server, DOMAIN, NAMES))
    unit = {"apache": path.split("/")[2]}.get(server.value, server.value)
    assert f"systemctl reload-or-restart {unit}" in commands


def test_caddy_that_imports_the_site(tmp_path: Path) -> None:
    """If the Caddyfile imports the site already, the only step is a reload."""
    (step,) = steps_of(tmp_path, WebServer.CADDY, DOMAIN, NAMES)
    assert (step.can_run, ">> /etc/caddy/Caddyfile" in step.command) == (False, True)
    caddyfile = local_path(tmp_path, web_servers.CADDYFILE)
    caddyfile.parent.mkdir(parents=True)
    caddyfile.write_text("import /etc/caddy/waypost-mail.example.caddy\n")
    (step,) = steps_of(tmp_path, WebServer.CADDY, DOMAIN, NAMES)
    assert (step.can_run, step.command) == (True, "systemctl reload-or-restart caddy")


CHECKS = [
    # web server, what checks a configuration
    (WebServer.HAPROXY, ["haproxy", "-c", "-f", "{file}"]),
    (WebServer.CADDY, ["caddy", "adapt", "--adapter", "caddyfile", "--config", "{file}"]),
]


@pytest.mark.servers
@pytest.mark.parametrize(("server", "command"), CHECKS)
def test_site_without_a_certificate(tmp_path: Path, server: WebServer, command: list[str]) -> None:
    """The web server accepts the site before there is a certificate (others: tests/docs)."""
    require(programs=[command[0]])
    file = tmp_path / "site"
    file.write_text(site_of(server, DOMAIN, certificate=False))
    done = subprocess.run(
        [program(command[0]), *(word.format(file=file) for word in command[1:])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
