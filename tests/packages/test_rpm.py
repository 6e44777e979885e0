"""The RPM on a machine with systemd, where `dnf` installs, upgrades and removes it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packages import machine
from tests.packages.conftest import Packages, documented, needed_packages, script, shown_name
from tests.packages.earlier import EARLIER, write_earlier_rpm
from tests.servers.requirements import program
from waypost import __version__

pytestmark = [pytest.mark.alone, pytest.mark.servers, pytest.mark.timeout(900)]
# The machine has Debian's files, and no RPM provides them.
BASE = """
Name: base
Version: 1
Release: 1
Summary: What Waypost requires of an RPM system
License: Apache-2.0
BuildArch: noarch
{provides}
%description
Its files are those of Debian.
%files
"""
ENABLED = (
    "Created symlink /etc/systemd/system/multi-user.target.wants/waypost.service → "
    "/lib/systemd/system/waypost.service."
)
LIFE = f"""\
== install
waypost: next: waypost init DOMAIN --start
waypost inactive disabled
waypost {EARLIER}
/etc/waypost/waypost.toml root:waypost 640
/var/lib/waypost waypost:waypost
waypost:/var/lib/waypost:/usr/sbin/nologin
== configure
{ENABLED}
waypost active enabled
answer 200 True
waypost
== upgrade
waypost {__version__}
waypost active enabled
restarted
monitor active enabled
restarted
answer 200 True
providers.toml
waypost.toml
waypost.toml.rpmnew
providers = "/etc/waypost/providers.toml"
S.5....T.  c /etc/waypost/waypost.toml
== remove
/etc/waypost/providers.toml
/etc/waypost/waypost.toml.rpmnew
/etc/waypost/waypost.toml.rpmsave
/var/lib/waypost
no process
"""


def test_life_on_a_machine(packages: Packages, tmp_path: Path) -> None:
    """The RPM is installed, configured, upgraded and removed."""
    machine.require_machine()
    root = tmp_path / "root"
    machine.create(root, "rpm", ["dnf", "rpm", *needed_packages(packages.deb)])
    (root / "test").mkdir()
    shutil.copy(packages.rpm, root / "test/new.rpm")
    write_earlier_rpm(packages, tmp_path, root / "test/old.rpm")
    build_base(packages.rpm, tmp_path / "base").rename(root / "test/base.rpm")
    install, *configure = documented("dnf")
    assert install == f"dnf install ./dist/{shown_name(packages.rpm)}"
    assert machine.run(root, script("rpm.sh", configure=configure)) == LIFE
    shutil.rmtree(root)


def build_base(package: Path, folder: Path) -> Path:
    """Build an RPM that provides what another one requires of the system."""
    command = [program("rpm"), "--query", "--package", "--requires", f"{package}"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    own = ("rpmlib(", "config(")
    provides = {line for line in listed.splitlines() if not line.startswith(own)}
    folder.mkdir()
    spec = folder / "base.spec"
    lines = "\n".join(f"Provides: {name}" for name in sorted(provides))
    spec.write_text(BASE.format(provides=lines), encoding="utf-8")
    command = [program("rpmbuild"), "-bb", "--quiet", "--define", f"_topdir {folder}", f"{spec}"]
    subprocess.run([*command, "--dbpath", f"{folder}/db"], check=True)
    (built,) = folder.rglob("*.rpm")
    return built
