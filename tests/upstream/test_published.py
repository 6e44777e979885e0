"""Which files of other projects are found."""

from pathlib import Path

import pytest

from tests.upstream.published import KINDS, VARIABLE, NoFilesError, published


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}], ids=["not set", "empty"])
@pytest.mark.parametrize("kind", KINDS)
def test_without_the_variable(kind: str, environment: dict[str, str]) -> None:
    """Without the variable there are no files, and so no tests."""
    assert published(kind, environment) == []


def test_files_in_any_folder(tmp_path: Path) -> None:
    """Files are found in any folder below, and a kind without files has none."""
    seed = tmp_path / "deep" / "below" / "seed-v3.json"
    seed.parent.mkdir(parents=True)
    seed.touch()

    environment = {VARIABLE: f"{tmp_path}"}

    assert published("automx2_seeds", environment) == [seed]
    assert published("apple", environment) == []


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_wrong_folder(tmp_path: Path, name: str) -> None:
    """A folder without any of the files is an error, which names the variable and the folder."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(NoFilesError, match=f"^{VARIABLE}={tmp_path / name}: .*autoconfig.rng"):
        published("apple", {VARIABLE: f"{tmp_path / name}"})
