"""The examples and tables of the page about profiles are correct."""

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.settings.conftest import machine
from tests.settings.machine import Machine
from waypost.providers_file.models.profile import ProfileTable
from waypost.settings import options

PAGE = ROOT / "docs" / "profiles.md"

__all__ = ["machine"]


SETTINGS = [block for block in blocks(PAGE, "toml") if "[[provider]]" not in block.text]


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.name)
def test_settings_are_good(machine: Machine, block: Block) -> None:
    """Every piece of a settings file on the page is accepted without a change."""
    machine.write("work/waypost.toml", block.text)
    assert machine.load().warnings == ()


def test_every_option_is_explained() -> None:
    """The page names every option of profiles."""
    text = PAGE.read_text(encoding="utf-8")
    named = [option.name for option in options() if option.info.section == "Profiles"]
    assert len(named) == 10
    assert [name for name in named if name not in text] == []


def test_every_key_is_explained() -> None:
    """The page names every key of a provider for its profiles."""
    text = PAGE.read_text(encoding="utf-8")
    assert [key for key in ProfileTable.model_fields if f"`{key}`" not in text] == []
