"""The schemas of the standards' makers, as tests/formats has them."""

from tests.formats.conftest import _shared

__all__ = ["_shared"]
