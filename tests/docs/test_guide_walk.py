"""The guide's steps as root, on a separate machine: the service serves what was applied.

The commands are the guide's. Commands that need a network or systemd are replaced: pip by this
source, and `systemctl` by a start of the unit's command as its user, with its environment.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.docs.test_unit import UNIT, options
from tests.servers.accounts import let_others_enter
from tests.servers.private_network import private_network
from tests.servers.requirements import require

# A walk takes up to 45 seconds on a quiet machine, and ten times that with much other work.
LONGEST_SECONDS = 840
pytestmark = [pytest.mark.servers, pytest.mark.timeout(LONGEST_SECONDS + 60)]
GUIDE = ROOT / "docs" / "guide.md"
MOVING = ROOT / "docs" / "moving-from-automx2.md"
NEEDED = ("unshare", "mount", "runuser", "useradd", "curl", "install", "env")
ASKED = "http://127.0.0.1:4243/mail/config-v1.1.xml?emailaddress=alice@example.com"
# Folders that belong to this machine only, until the end of the script.
MACHINE = """
set -eu
mount --make-rprivate /
cp -a /etc /usr/local/bin {tmp}/
mount --bind {tmp}/etc /etc
mount --bind {tmp}/bin /usr/local/bin
mkdir -p {tmp}/keep/src {tmp}/keep/packages {tmp}/keep/python
mount --bind {src} {tmp}/keep/src
mount --bind {packages} {tmp}/keep/packages
mount --bind {python} {tmp}/keep/python
mount -t tmpfs -o mode=755 tmpfs /opt
for name in src packages python; do mkdir /opt/$name; mount --bind {tmp}/keep/$name /opt/$name; done
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -m 700 {tmp}/root
export HOME={tmp}/root
for file in /etc/automx2.conf /etc/automx2 /etc/waypost; do rm -rf $file; done
cd {root}
"""
PIP = """
mkdir -p /opt/waypost/bin
cat > /opt/waypost/bin/waypost <<'SCRIPT'
#!/bin/sh
export PYTHONPATH=/opt/src:/opt/packages LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/{interpreter} -m waypost "$@"
SCRIPT
chmod 755 /opt/waypost/bin/waypost
"""
SERVE = """
(cd / && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME={home} {environment} \\
    runuser -u {user} -- {command}) 2>{tmp}/log &
service=$!
for i in $(seq 600); do
    kill -0 $service 2>/dev/null || break
    grep -q '"listening"' {tmp}/log && break
    sleep 0.1
done
curl --silent --output /dev/null --write-out 'status %{{http_code}}\\n' '{asked}' || true
kill -TERM $service || true; wait $service || true
cat {tmp}/log
"""


def lines_of(block: Block) -> Iterator[str]:
    """Yield the commands for root of a block, each with the lines of its here-document."""
    command: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("# ") and command:
            yield "\n".join(command)
            command = []
        command.append(line.removeprefix("# "))
    yield "\n".join(command)


def machine(tmp: Path) -> str:
    """Return the script that creates the machine."""
    return MACHINE.format(
        tmp=tmp,
        src=ROOT / "src",
        packages=sysconfig.get_path("purelib"),
        python=sys.base_prefix,
        root=ROOT,
    )


def translated(command: str) -> str:
    """Return the replacement for a command of the guide."""
    if command.startswith("python3 -m venv"):
        version = sys.version_info
        return PIP.format(interpreter=f"python{version.major}.{version.minor}")
    if command.startswith(("/opt/waypost/bin/pip ", "systemctl ")):
        return ":"
    if command.endswith(("--dry-run", "db check")):  # 1 means findings.
        return f"{command} || test $? = 1"
    return command


def served(tmp: Path, *drop_ins: str, environment: str = "") -> str:
    """Return a script that does what systemd does with the unit, and sends a client's request."""
    found = dict(options(UNIT.read_text(encoding="utf-8") + "\n".join(drop_ins)))
    return SERVE.format(
        tmp=tmp,
        home=f"/var/lib/{found['User']}",
        environment=f"STATE_DIRECTORY=/var/lib/{found['StateDirectory']} {environment}",
        user=found["User"],
        command=found["ExecStart"],
        asked=ASKED,
    )


def run(tmp: Path, script: str) -> str:
    """Run a script on a separate machine with its own network, and return its output."""
    with private_network():
        return run_in_network(tmp, script)


def run_in_network(tmp: Path, script: str) -> str:
    """Run a script on a separate machine in the network of this thread, and return its output."""
    (tmp / "script").write_text(script, encoding="utf-8")
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "XDG_", "AUTOMX2"))
    }
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", f"{tmp}/script"],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_SECONDS,
        env=kept,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(name="tmp")
def _tmp(tmp_path: Path) -> Path:
    """Return a folder that each user can enter."""
    require(programs=NEEDED, private_network=True, root=True)
    let_others_enter(tmp_path)
    return tmp_path


def guide_commands() -> list[str]:
    """Return the commands for root of the guide's parts 1 to 4 and for DNS, in its order."""
    text = GUIDE.read_text(encoding="utf-8")
    parts = ("## 1. Install", "### A database in another folder")
    start, end = (text.count("\n", 0, text.index(part)) + 1 for part in parts)
    return [
        one
        for block in blocks(GUIDE, "console")
        if start < block.line < end or "show dns" in block.text
        for one in lines_of(block)
    ]


def providers() -> str:
    """Return a command that writes the example of the README where the guide has its file."""
    (example,) = blocks(ROOT / "README.md", "toml")
    return f"cat > /etc/waypost/providers.toml <<'END'\n{example.text}END"


def test_guide(tmp: Path) -> None:
    """Root follows the guide; the service serves what was applied, and root's home is empty."""
    commands = [translated(command) for command in guide_commands()]
    first = next(i for i, one in enumerate(commands) if "db upgrade" in one)
    commands.insert(first, providers())
    home = f"echo in the home of root:; ls -A {tmp}/root"
    said = run(tmp, "\n".join([machine(tmp), *commands, served(tmp), home]))
    database = "sqlite:////var/lib/waypost/waypost.sqlite"
    assert said.count(f"database: {database} (db_uri in /etc/waypost/waypost.toml:1)") == 9
    assert "IN CNAME setup.example.com." in said
    assert "status 200" in said
    assert f'"uri": "{database}", "source": "db_uri in /etc/waypost/waypost.toml:1"' in said
    assert not said.rpartition("in the home of root:")[2].strip()


def test_commands_of_root(tmp: Path) -> None:
    """A command that root runs writes nothing, and its message says what to do."""
    commands = [translated(c) for c in guide_commands() if "runuser" not in c]
    more = [
        providers(),
        "waypost apply /etc/waypost/providers.toml || echo code $?",
        "ls /var/lib/waypost",
    ]
    said = run(tmp, "\n".join([machine(tmp), *commands, *more]))
    assert "the folder /var/lib/waypost belongs to waypost, but this process runs as root" in said
    assert "run the command as waypost (runuser -u waypost -- waypost ...)" in said
    assert "code 2" in said
    assert "waypost.sqlite" not in said.rpartition("code 2")[2]


def test_without_a_settings_file(tmp: Path) -> None:
    """Without settings the service uses the folder of its unit, and logs it."""
    commands = [translated(c) for c in guide_commands() if "runuser" not in c]
    said = run(tmp, "\n".join([machine(tmp), *commands, "rm -r /etc/waypost", served(tmp)]))
    assert '"sqlite:////var/lib/waypost/waypost.sqlite", "source": "the default, because' in said
    assert "status 404" in said


AUTOMX2 = """
useradd --system --home-dir /var/lib/automx2 --create-home automx2
printf '[automx2]\\ndb_uri = sqlite:////var/lib/automx2/db.sqlite\\n' > /etc/automx2.conf
chown root:automx2 /etc/automx2.conf
chmod 640 /etc/automx2.conf
runuser -u automx2 -- waypost apply --demo --db-uri sqlite:////var/lib/automx2/db.sqlite
"""


def test_moving_in_place(tmp: Path) -> None:
    """The commands of the migration page, and the unit with its drop-in, use automx2's database."""
    install = [
        translated(c) for c in guide_commands() if c.startswith(("python3", "ln", "useradd"))
    ]
    shown = [one for b in blocks(MOVING, "console") for one in lines_of(b)]
    own = [c for c in shown if c.endswith(("waypost db upgrade", "waypost db check"))]
    assert len(own) == 2
    (drop_in,) = (b.text for b in blocks(MOVING, "ini"))
    said = run(
        tmp,
        "\n".join([machine(tmp), *install, AUTOMX2, *map(translated, own), served(tmp, drop_in)]),
    )
    found = "database: sqlite:////var/lib/automx2/db.sqlite (db_uri in /etc/automx2.conf:2)"
    assert said.count(found) == 2
    assert '"db_uri in /etc/automx2.conf:2"' in said
    assert "status 200" in said


def test_unit_without_the_drop_in(tmp: Path) -> None:
    """Without the drop-in, the error names the file, its owner, and what to do."""
    install = [
        translated(c) for c in guide_commands() if c.startswith(("python3", "ln", "useradd"))
    ]
    said = run(tmp, "\n".join([machine(tmp), *install, AUTOMX2, served(tmp)]))
    assert "/etc/automx2.conf: cannot be read: Permission denied; owner root, group" in said
    opened = [*install, AUTOMX2, "chmod 644 /etc/automx2.conf", "chmod 755 /var/lib/automx2"]
    again = tmp / "again"
    again.mkdir()
    said = run(again, "\n".join([machine(again), *opened, served(again)]))
    assert "db.sqlite belongs to automx2, and waypost cannot read it" in said
    assert "runuser -u automx2 -- waypost" in said


def test_read_only_file_system(tmp: Path) -> None:
    """If the unit cannot write to a folder, the error has the line for the drop-in."""
    folder = tmp / "elsewhere"
    script = f"""
    set -eu
    mkdir {folder}
    mount --bind {folder} {folder}
    mount -o remount,bind,ro {folder}
    {shlex.quote(sys.executable)} -m waypost apply --demo --db-uri sqlite:///{folder}/a.sqlite ||
        echo code $?
    """
    said = run(tmp, f"export PYTHONPATH={ROOT / 'src'}\n{script}")
    assert f"add ReadWritePaths={folder}" in said
    assert "code 2" in said
