"""The files of `contrib/`, as values."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
USER = 65532


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
