"""The page about the admin pages."""

from tests.docs.admin_pictures import MAX_BYTES, PICTURES
from tests.docs.page_pictures import FOLDER
from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")


def test_pictures() -> None:
    """Each picture of `make docs` is small, and on the page."""
    for picture in PICTURES:
        assert len((FOLDER / picture.name).read_bytes()) <= MAX_BYTES
        assert f"](pictures/{picture.name})" in TEXT
