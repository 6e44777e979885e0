"""The unit for systemd: the guide shows the file of the repository, and systemd accepts it."""

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.servers.requirements import program, require

UNIT = ROOT / "contrib" / "waypost.service"
GUIDE = ROOT / "docs" / "guide.md"
EXPOSURE_MAX = 40  # of 100; systemd calls 4.0 of 10 and less "OK"


def options(text: str) -> list[tuple[str, str]]:
    """Return the options of a unit, in its order."""
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def drop_ins() -> list[str]:
    """Return the drop-ins that the pages show."""
    pages = (GUIDE, ROOT / "docs" / "moving-from-automx2.md")
    return [b.text for page in pages for b in blocks(page, "ini") if ".service.d/" in b.text]


def test_guide_shows_the_file() -> None:
    """The guide's unit is exactly the file that the guide installs."""
    shown = [block.text for block in blocks(GUIDE, "ini") if "[Unit]" in block.text]
    assert shown == [UNIT.read_text(encoding="utf-8")]
    assert "install -m 644 contrib/waypost.service /etc/systemd/system/" in GUIDE.read_text()


def test_unit_sets_no_option() -> None:
    """The unit sets no option of Waypost, and has its own user."""
    found = options(UNIT.read_text(encoding="utf-8"))
    names = [name for name, _ in found]
    assert not [name for name in names if "Environment" in name]
    assert dict(found)["ExecStart"] == "/opt/waypost/bin/waypost serve"
    assert dict(found)["User"] == "waypost"
    assert dict(found)["StateDirectory"] == "waypost"
    assert dict(found)["ProtectSystem"] == "strict"


def test_drop_ins_open_the_folder_of_automx2() -> None:
    """Each drop-in gives the unit a folder to write and the user who owns it."""
    assert len(drop_ins()) == 2
    for text in drop_ins():
        parser = ConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        assert dict(parser["Service"]) == {"User": "automx2", "ReadWritePaths": "/var/lib/automx2"}


@pytest.mark.parametrize("drop_in", [None, *drop_ins()], ids=["alone", "guide", "moving"])
def test_systemd_takes_it(tmp_path: Path, drop_in: str | None) -> None:
    """Systemd reports no problem in the unit, and rates its confinement as good."""
    require(programs=["systemd-analyze"])
    unit = tmp_path / "waypost.service"
    # The guide installs the program and creates the users.
    text = UNIT.read_text(encoding="utf-8").replace("/opt/waypost/bin/waypost", "/bin/true")
    unit.write_text(text, encoding="utf-8")
    if drop_in is not None:
        folder = tmp_path / "waypost.service.d"
        folder.mkdir()
        (folder / "database.conf").write_text(drop_in, encoding="utf-8")
    analyze = program("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", f"{unit}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, f"{unit}" in done.stderr) == (0, False), done.stderr
    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", f"{unit}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout[-600:]
