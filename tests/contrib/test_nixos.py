"""The NixOS module: Nix reads it, and its service is confined as the unit for systemd is."""

import re
import subprocess
from pathlib import Path

from tests.contrib.files import CONTRIB
from tests.servers.requirements import program, require

MODULE = CONTRIB / "nixos" / "waypost.nix"


def test_nix_reads_it(tmp_path: Path) -> None:
    """The syntax is right; the module is not evaluated, because that needs NixOS."""
    require(programs=["nix-instantiate"])
    folders = {"NIX_STORE_DIR": f"{tmp_path / 'store'}", "NIX_STATE_DIR": f"{tmp_path / 'state'}"}
    done = subprocess.run(
        [program("nix-instantiate"), "--parse", f"{MODULE}"],
        env={**folders, "HOME": f"{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "services.waypost" in done.stdout


def test_it_says_that_it_is_untested() -> None:
    """An operator reads in the first line that no test runs the module."""
    assert "untested" in MODULE.read_text(encoding="utf-8").splitlines()[0]


def test_service_is_confined_as_the_unit() -> None:
    """Each option that confines the unit for systemd confines this service, with the same value."""
    unit = (CONTRIB / "waypost.service").read_text(encoding="utf-8")
    module = MODULE.read_text(encoding="utf-8")
    confinement = re.findall(
        r"^((?:Protect|Private|Restrict|Lock|Memory|NoNew|System|Capability|UMask|Remove|Proc)\w*)"
        r"=(.*)$",
        unit,
        re.MULTILINE,
    )
    wanted: dict[str, str] = {}
    for name, value in confinement:
        wanted[name] = f"{wanted.get(name, '')} {value}".strip()
    assert len(wanted) > 15
    found = dict(re.findall(r"^ +(\w+) = (.+);$", module, re.MULTILINE))
    assert {name: as_value(found.get(name, "missing")) for name in wanted} == wanted


def as_value(text: str) -> str:
    """Return a value of Nix in the form of a unit."""
    if text.startswith("["):
        return " ".join(re.findall(r'"([^"]*)"', text))
    return {"true": "yes", "false": "no"}.get(text, text.strip('"'))
