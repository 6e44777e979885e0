"""The table of Apple's payloads against apple/device-management."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.standards.apple import COMMON, SEARCHES, TOP, TYPES, UUID, Description, descriptions
from tests.upstream.published import published


def described(keys: Sequence[Mapping[str, Any]]) -> Description:
    """Return the description of Apple's list of keys."""
    return Description(
        {one["key"]: TYPES[one["type"].strip("<>")] for one in keys},
        frozenset(one["key"] for one in keys if one["presence"] == "required"),
        {one["key"]: frozenset(one["rangelist"]) for one in keys if "rangelist" in one},
        frozenset(one["key"] for one in keys if "format" in one),
    )


@pytest.mark.parametrize("path", published("apple"), ids=lambda path: path.stem)
def test_the_table_is_apples(path: Path) -> None:
    """The table has the keys, types, required keys, values and forms of Apple's file."""
    keys = yaml.safe_load(path.read_text(encoding="utf-8"))["payloadkeys"]
    own = descriptions()[path.stem]
    if path.stem == TOP:
        own |= descriptions()[COMMON]

    assert own == described(keys)
    assert {one["format"].strip("^$") for one in keys if "format" in one} <= {UUID}
    for one in keys:
        if one["key"] == SEARCHES:
            assert described(one["subkeys"][0]["subkeys"]) == descriptions()[SEARCHES]
