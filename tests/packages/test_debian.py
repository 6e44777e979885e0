"""The Debian package on a machine with systemd, and a second build of all packages."""

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.packages import machine
from tests.packages.conftest import (
    Packages,
    build_all,
    commands_with,
    documented,
    needed_packages,
    script,
    shown_name,
)
from tests.packages.earlier import EARLIER, write_earlier_deb
from tests.servers.accounts import let_others_enter
from tests.servers.mail_network import MailNetwork, mail_network
from waypost import __version__
from waypost.store.sql.revision import HEAD

pytestmark = [pytest.mark.alone, pytest.mark.servers, pytest.mark.timeout(900)]
LIFE = f"""\
== install
waypost: the service is at http://127.0.0.1:4243 and serves no domain yet.
waypost: next: waypost init DOMAIN, or see /usr/share/doc/waypost/README.Debian
waypost active enabled
answer 404
waypost {EARLIER}
NRestarts=0
/etc/waypost/waypost.toml root:waypost 640
/var/lib/waypost waypost:waypost
waypost:/var/lib/waypost:/usr/sbin/nologin
waypost
run the command as waypost (runuser -u waypost -- waypost ...)
http://127.0.0.1:4244/admin/sign-in?link
up to date (revision {HEAD})
/var/lib/waypost/waypost.sqlite waypost:waypost 640
== configure
/etc/waypost/waypost.toml
answer 200 True
== upgrade
waypost {__version__}
waypost active enabled
restarted
monitor active enabled
restarted
answer 200 True
/etc/waypost/waypost.toml root:waypost 640
providers = "/etc/waypost/providers.toml"
providers.toml
waypost.toml
waypost.toml.dpkg-dist
== upgrade of a stopped service
waypost inactive disabled
== remove
/etc/waypost/providers.toml
/etc/waypost/waypost.toml
/etc/waypost/waypost.toml.dpkg-dist
/var/lib/waypost
no process
== purge
/etc/waypost/providers.toml
0
"""

# The program that the first command of the guide installs with the package, and what the commands
# of the pages need. debootstrap does not find a package by another name of it.
NGINX = (
    "nginx",
    "python3-certbot-nginx",
    "python3-cffi-backend",
    "ca-certificates",
    "dbus",
    "curl",
)
CREDENTIALS = "LoadCredential="
SERVICES = """\
== three commands
answer 200 True
waypost active enabled
active
StatusText=Serving 1 domain since
providers = "/etc/waypost/providers.toml"
public_url = "https://autoconfig.example.com"
proxy_count = 1  # nginx in front
== warnings in the journal
"event": "check the setup"
"event": "providers file rejected; keeping the previous version"
"level": "error"
"level": "warning"
== sockets
waypost active enabled
waypost.socket active enabled
admin.socket active enabled
answer 200 True
http://127.0.0.1:4244/healthz 200
using a socket of the service manager instead of host, port and unix_socket
answers before and after the restart True True all good True lost []
http://127.0.0.1:4244/healthz 200
waypost active enabled
answer 200 True
waypost.socket inactive disabled
answer 200 True
== admin listener
admin active enabled
http://127.0.0.1:4244/healthz 200
http://127.0.0.1:4244/readyz 404
http://127.0.0.1:4243/readyz 200
waypost
== monitor
monitor active enabled
http://127.0.0.1:4245/metrics 200
"code": "certificate-soon"
status with numbers
== credentials
waypost active enabled
answer 404
answer 200 True
"uri": "sqlite:////var/lib/waypost/secret.sqlite"
from /run/credentials/waypost.service/db_uri
CMS Verification successful
imap.example.com
cat: /etc/waypost/credentials/db_uri: Permission denied
== remove
answer 200 True
waypost active enabled
waypost inactive
waypost.socket inactive
waypost-admin.socket inactive
waypost-monitor inactive
no process
"""


def test_life_on_a_machine(packages: Packages, tmp_path: Path) -> None:
    """The package is installed, configured, upgraded, removed and purged."""
    machine.require_machine()
    root = tmp_path / "root"
    machine.create(root, "debian", needed_packages(packages.deb))
    (root / "test").mkdir()
    shutil.copy(packages.deb, root / "test/new.deb")
    write_earlier_deb(packages.deb, tmp_path, root / "test/old.deb")
    install, *configure = documented("apt")
    assert install == f"apt install ./dist/{shown_name(packages.deb)}"
    assert machine.run(root, script("debian.sh", configure=configure)) == LIFE
    shutil.rmtree(root)


def test_first_minutes_and_all_units(packages: Packages, tmp_path: Path) -> None:
    """Three commands give an answer over TLS, and each unit works as the pages say."""
    machine.require_machine()
    root = tmp_path / "root"
    machine.create(root, "nginx", [*needed_packages(packages.deb), *NGINX])
    (root / "test").mkdir()
    shutil.copy(packages.deb, root / "test/waypost.deb")
    (drop_in,) = (
        block.text for block in blocks(ROOT / "docs/guide.md", "ini") if CREDENTIALS in block.text
    )
    (root / "test/credentials.conf").write_text(drop_in, encoding="utf-8")
    let_others_enter(tmp_path)
    with mail_network(tmp_path) as network:
        join_network(root, network)
        printed = machine.run(root, script("services.sh", **commands()), own_network=False)
    assert printed == SERVICES
    shutil.rmtree(root)


def commands() -> dict[str, list[str]]:
    """Return the commands of the pages for the units, by their name in the script."""
    guide, monitor = "guide.md", "monitor.md"
    first = commands_with(guide, "apt install ./waypost.deb nginx python3-certbot-nginx")
    (certbot,) = (
        block.text.removeprefix("# ").rstrip()
        for block in blocks(ROOT / "docs/guide.md", "console")
        if block.text.startswith("# certbot --nginx ")
    )
    admin = commands_with(guide, "systemctl enable --now waypost-admin")
    sockets = commands_with(guide, "systemctl enable --now waypost.socket waypost-admin.socket")
    (credentials,) = (
        block.text.splitlines()
        for block in blocks(ROOT / "docs/guide.md", "text")
        if block.text.startswith("systemd-run ")
    )
    # With a package, the units are installed.
    return {
        "first_minutes": [*first, certbot],
        "warnings": commands_with(
            "monitoring.md", "journalctl -u waypost -p warning --since today"
        ),
        "sockets": [line for line in sockets if not line.startswith("install ")],
        "admin": [line for line in admin if not line.startswith("install ")],
        "monitor": commands_with(monitor, "systemctl enable --now waypost-monitor"),
        "credentials": credentials,
    }


def join_network(root: Path, network: MailNetwork) -> None:
    """Let a machine trust the authorities of a network, and use its name server."""
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    (root / "etc/letsencrypt/cli.ini").write_text(network.certbot, encoding="utf-8")
    certificates = network.trust.read_text(encoding="utf-8").split("-----BEGIN")[1:]
    for number, certificate in enumerate(certificates):
        path = root / f"usr/local/share/ca-certificates/test-{number}.crt"
        path.write_text(f"-----BEGIN{certificate}", encoding="utf-8")


def test_two_builds_give_the_same_bytes(packages: Packages, tmp_path: Path) -> None:
    """A second build of a commit, in another folder, gives the same bytes."""
    again = build_all(tmp_path)
    assert digest(again.sources.wheel) == digest(packages.sources.wheel)
    assert digest(again.deb) == digest(packages.deb)
    assert digest(again.rpm) == digest(packages.rpm)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
