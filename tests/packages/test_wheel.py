"""The wheel, installed as the page shows it, by programs that create environments for commands."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tools.dist import build

from tests.docs.pages import ROOT, Block, blocks
from tests.servers.requirements import find_program, require
from waypost import __version__

pytestmark = [pytest.mark.alone, pytest.mark.servers, pytest.mark.timeout(600)]
SHOWN = {
    block.text.split()[0]: block
    for block in blocks(ROOT / "docs/packages.md", "sh")
    if block.text.split()[0] in {"pipx", "uv"}
}


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel of the last commit in `dist/`."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "dist").mkdir()
    build(ROOT, folder / "dist")
    return folder


@pytest.mark.parametrize("program", SHOWN)
def test_command_of_the_page(program: str, folder: Path, tmp_path: Path) -> None:
    """`pipx` and `uv tool` install the command, which serves as the same version."""
    require(programs=[program])
    shown: Block = SHOWN[program]
    found = find_program(program)
    assert found is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    environment = kept | {
        "PATH": f"{Path(found).parent}:/usr/bin:/bin",
        "PIPX_HOME": f"{tmp_path}/pipx",
        "PIPX_BIN_DIR": f"{tmp_path}/bin",
        "UV_TOOL_DIR": f"{tmp_path}/uv",
        "UV_TOOL_BIN_DIR": f"{tmp_path}/bin",
    }
    command = ["bash", "-euc", shown.text]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    waypost = [f"{tmp_path}/bin/waypost"]
    version = subprocess.run([*waypost, "version"], check=True, capture_output=True, text=True)
    assert version.stdout == f"waypost {__version__}\n"
    command = [*waypost, "show", "autoconfig", "alice@example.com", "--demo"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "imap.example.com" in said
    shutil.rmtree(tmp_path / "bin")
