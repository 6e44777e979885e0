"""Sample providers, for `--demo`, `make serve`, the documentation and the tests."""

from importlib.resources import files
from typing import Final

from waypost.core.model import Catalog
from waypost.providers_file.load import read_providers

NAME: Final = "providers.toml"


def demo_catalog() -> Catalog:
    """Return the sample providers; docs/demo.md describes them."""
    text = files(__name__).joinpath(NAME).read_text(encoding="utf-8")
    return read_providers(text, name=f"demo/{NAME}", format="toml").catalog
