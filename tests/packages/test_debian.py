"""The Debian package on a machine with systemd, and a second build of all packages."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packages import machine
from tests.packages.conftest import (
    OLD,
    Packages,
    build_all,
    documented,
    make_old,
    needed_packages,
    script,
)
from waypost import __version__
from waypost.store.sql.revision import HEAD

pytestmark = [pytest.mark.alone, pytest.mark.servers, pytest.mark.timeout(900)]
LIFE = f"""\
== install
waypost: the service is at http://127.0.0.1:4243 and serves no domain yet.
waypost: next: waypost init DOMAIN, or see /usr/share/doc/waypost/README.Debian
waypost active enabled
answer 404
waypost {OLD}
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


def test_life_on_a_machine(packages: Packages, tmp_path: Path) -> None:
    """The package is installed, configured, upgraded, removed and purged."""
    machine.require_machine()
    root = tmp_path / "root"
    machine.create(root, "debian", needed_packages(packages.deb))
    (root / "test").mkdir()
    shutil.copy(packages.deb, root / "test/new.deb")
    write_old(packages.deb, tmp_path, root / "test/old.deb")
    install, *configure = documented("apt")
    assert install == f"apt install ./dist/waypost_{__version__}_amd64.deb"
    assert machine.run(root, script("debian.sh", configure)) == LIFE
    shutil.rmtree(root)


def test_two_builds_give_the_same_bytes(packages: Packages, tmp_path: Path) -> None:
    """A second build of a commit, in another folder, gives the same bytes."""
    again = build_all(tmp_path)
    assert digest(again.sources.wheel) == digest(packages.sources.wheel)
    assert digest(again.deb) == digest(packages.deb)
    assert digest(again.rpm) == digest(packages.rpm)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_old(deb: Path, folder: Path, old: Path) -> None:
    """Write an earlier version: with another number, and with another text in the settings."""
    tree = folder / "old"
    subprocess.run(["dpkg-deb", "--raw-extract", f"{deb}", f"{tree}"], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {OLD}", text), encoding="utf-8")
    make_old(tree)
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", f"{tree}", f"{old}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
