"""The files for service managers: the guide shows those of contrib/, and systemd accepts them."""

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.servers.requirements import program, require

UNIT = ROOT / "contrib" / "waypost.service"
ADMIN_UNIT = ROOT / "contrib" / "waypost-admin.service"
MONITOR_UNIT = ROOT / "contrib" / "waypost-monitor.service"
SOCKETS = (ROOT / "contrib" / "waypost.socket", ROOT / "contrib" / "waypost-admin.socket")
OPENRC = ROOT / "contrib" / "openrc" / "waypost"
MONITOR_PAGE = ROOT / "docs" / "monitor.md"
GUIDE = ROOT / "docs" / "guide.md"
EXPOSURE_MAX = 20  # of 100: 2.0 of 10; systemd calls 4.0 and less "OK"
# Drop-ins for newer versions than that of Debian 12, which ignores what it does not know.
NEWER = ("Type=notify-reload",)


def options(text: str) -> list[tuple[str, str]]:
    """Return the options of a unit, in its order."""
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def drop_ins() -> list[str]:
    """Return the drop-ins that the pages show."""
    pages = (GUIDE, ROOT / "docs" / "moving-from-automx2.md")
    found = [b.text for page in pages for b in blocks(page, "ini") if ".service.d/" in b.text]
    return [text for text in found if not any(line in text for line in NEWER)]


def test_pages_show_the_files() -> None:
    """The units of the guide and of the page of the monitor are exactly the files of contrib/."""
    for page, files in ((GUIDE, (UNIT, *SOCKETS, ADMIN_UNIT)), (MONITOR_PAGE, (MONITOR_UNIT,))):
        shown = [block.text for block in blocks(page, "ini") if "[Unit]" in block.text]
        assert shown == [one.read_text(encoding="utf-8") for one in files]
    units = {*(ROOT / "contrib").glob("*.service"), *(ROOT / "contrib").glob("*.socket")}
    assert units == {UNIT, ADMIN_UNIT, MONITOR_UNIT, *SOCKETS}
    assert "install -m 644 contrib/waypost.service /etc/systemd/system/" in GUIDE.read_text()
    (script,) = (b.text for b in blocks(GUIDE, "bash") if b.text.startswith("#!/sbin/openrc-run"))
    assert script == OPENRC.read_text(encoding="utf-8")


def test_unit_sets_no_option() -> None:
    """The unit sets no option of Waypost, and has its own user."""
    found = options(UNIT.read_text(encoding="utf-8"))
    names = [name for name, _ in found]
    assert not [name for name in names if "Environment" in name]
    assert dict(found)["ExecStart"] == "/opt/waypost/bin/waypost serve"
    assert dict(found)["User"] == "waypost"
    assert dict(found)["StateDirectory"] == "waypost"
    assert dict(found)["ProtectSystem"] == "strict"


@pytest.mark.parametrize(
    ("unit", "command"), [(MONITOR_UNIT, "monitor"), (ADMIN_UNIT, "admin serve")]
)
def test_other_units(unit: Path, command: str) -> None:
    """The other units have the confinement of the server's unit."""
    server, other = (options(one.read_text(encoding="utf-8")) for one in (UNIT, unit))
    own = {"Description", "After", "Wants", "ExecStart", "RestartSec", "WatchdogSec"}
    kept = [[option for option in one if option[0] not in own] for one in (server, other)]
    assert kept[0] == kept[1]
    assert dict(other)["ExecStart"] == f"/opt/waypost/bin/waypost {command}"
    assert "contrib/waypost-admin.service" in GUIDE.read_text("utf-8")
    assert "install -m 644 contrib/waypost-monitor.service" in MONITOR_PAGE.read_text("utf-8")


def test_drop_ins_open_the_folder_of_automx2() -> None:
    """Each drop-in for a database gives the unit a folder to write and the user who owns it."""
    found = [text for text in drop_ins() if "/database.conf" in text]
    assert len(found) == 2
    for text in found:
        parser = ConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        assert dict(parser["Service"]) == {"User": "automx2", "ReadWritePaths": "/var/lib/automx2"}


def first_word(drop_in: str | None) -> str:
    """Return the name of a drop-in's file, for the name of the test."""
    return "alone" if drop_in is None else re.findall(r"/(\w+)\.conf", drop_in)[0]


@pytest.mark.parametrize(
    ("source", "drop_in"),
    [(UNIT, None), *((UNIT, one) for one in drop_ins()), (MONITOR_UNIT, None), (ADMIN_UNIT, None)],
    ids=lambda one: one.name if isinstance(one, Path) else first_word(one),
)
def test_systemd_takes_it(tmp_path: Path, source: Path, drop_in: str | None) -> None:
    """Systemd reports no problem in the unit, and rates its confinement as good."""
    require(programs=["systemd-analyze"])
    # A socket belongs to the server's unit, so that this unit must be there in any case.
    unit = tmp_path / source.name
    # The guide installs the program and creates the users.
    for one in (UNIT, source):
        text = one.read_text(encoding="utf-8").replace("/opt/waypost/bin/waypost", "/bin/true")
        (tmp_path / one.name).write_text(text, encoding="utf-8")
    units = [unit, *(tmp_path / one.name for one in SOCKETS)]
    for one in SOCKETS:
        (tmp_path / one.name).write_text(one.read_text(encoding="utf-8"), encoding="utf-8")
    if drop_in is not None:
        folder = tmp_path / "waypost.service.d"
        folder.mkdir()
        (folder / "database.conf").write_text(drop_in, encoding="utf-8")
    analyze = program("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, f"{tmp_path}" in done.stderr) == (0, False), done.stderr
    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", f"{unit}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout[-600:]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_openrc_script_is_posix(shell: str) -> None:
    """The script for OpenRC is valid for the shells that run it, and may be executed."""
    require(programs=[shell])
    command = [program(shell), *(["--posix"] if shell == "bash" else []), "-n", f"{OPENRC}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert OPENRC.stat().st_mode & 0o111


# The functions of OpenRC that the script calls: openrc-run(8), supervise-daemon(8).
OPENRC_STUBS = """
set -eu
checkpath() { echo "checkpath $*"; }
ebegin() { echo "begin $*"; }
eend() { echo "end $*"; }
supervise-daemon() { echo "daemon $*"; }
use() { echo "use $*"; }
after() { echo "after $*"; }
"""


@pytest.mark.parametrize(
    ("name", "command", "unit"),
    [
        ("waypost", "serve", UNIT),
        ("waypost-monitor", "monitor", MONITOR_UNIT),
        ("waypost-admin", "admin serve", ADMIN_UNIT),
    ],
)
def test_openrc_script_runs(name: str, command: str, unit: Path) -> None:
    """The script runs the command of its name, as the unit for systemd does."""
    require(programs=["bash"])
    calls = f"RC_SVCNAME={name} {OPENRC_STUBS} . {OPENRC}; depend; start_pre; reload"
    calls += "; echo $command $command_args; echo $description"
    done = subprocess.run(
        [program("bash"), "-c", calls], capture_output=True, text=True, check=True, env={"PATH": ""}
    )
    found = dict(options(unit.read_text(encoding="utf-8")))
    assert done.stdout.splitlines() == [
        "use net dns",
        "after postgresql mariadb slapd",
        "checkpath --directory --owner waypost --mode 0755 /var/lib/waypost",
        f"checkpath --file --owner waypost --mode 0640 /var/log/{name}.log",
        f"begin Reloading {name}",
        f"daemon {name} --signal HUP --pidfile /run/{name}.pid",
        "end 0",
        f"/opt/waypost/bin/waypost {command}",
        found["Description"],
    ]
    assert found["ExecStart"].endswith(f"/waypost {command}")
