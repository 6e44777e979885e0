"""The published schemas of the standards, shared with tests/formats."""

from tests.formats.conftest import _shared

__all__ = ["_shared"]
