"""The script that creates the virtual environment of `make`."""

import os
import subprocess
from pathlib import Path

INSTALL = Path(__file__).parents[2] / "tools" / "install"


def test_a_folder_with_other_files_is_kept(tmp_path: Path) -> None:
    """A folder that is no virtual environment is refused, and keeps its files."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(b"1")
    done = subprocess.run(
        [INSTALL, photos, "requirements.txt"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": "python3"},
    )
    assert done.returncode == 2
    assert f"{photos} is not a virtual environment, and has files." in done.stderr
    assert "make VENV=FOLDER" in done.stderr
    assert [path.name for path in photos.iterdir()] == ["one.jpg"]
