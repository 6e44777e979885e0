from importlib.metadata import version
from pathlib import Path

import waypost


def test_version_has_one_source() -> None:
    """The version of the installed distribution is the one that the package states."""
    assert version("waypost") == waypost.__version__


def test_types_are_published() -> None:
    """The package says that its annotations may be used by others."""
    assert Path(waypost.__file__).with_name("py.typed").is_file()
