"""The examples of docs/directories/ldap.md."""

from typing import Final

from tests.docs.pages import ROOT, blocks
from waypost.core.model import LdapDirectory
from waypost.providers_file.load import read_providers

PAGE: Final = ROOT / "docs/directories/ldap.md"


def example(name: str) -> LdapDirectory:
    """Return the directory of one of the page's examples."""
    for block in blocks(PAGE, "toml"):
        catalog = read_providers(block.text, name=block.name, format="toml").catalog
        for one in catalog.directories:
            if one.label == name:
                assert isinstance(one, LdapDirectory)
                return one
    raise LookupError(name)
