"""Links of the pages in the packages."""

from pathlib import PurePosixPath

import pytest
from tools.packages.documents import with_new_links

PLACES = {
    "contrib/a.toml": "usr/share/doc/waypost/examples/a.toml",
    "contrib/a.service": "usr/lib/systemd/system/a.service",
    "docs/b.md": "usr/share/doc/waypost/docs/b.md",
    "README.md": "usr/share/doc/waypost/README.md",
}
LINKS = [
    # page, text, text in the package
    ("docs/a.md", "[x](b.md#part) [y](../README.md)", "[x](b.md#part) [y](../README.md)"),
    ("README.md", "[x](docs/b.md), [y](#here)", "[x](docs/b.md), [y](#here)"),
    ("docs/decisions/1.md", "[x](../b.md)", "[x](../b.md)"),
    ("docs/a.md", "see [x](../contrib/a.toml).", "see [x](../examples/a.toml)."),
    ("docs/a.md", "[x](../contrib/a.service)", "[x](/usr/lib/systemd/system/a.service)"),
    ("docs/a.md", "see [`x` y](../Makefile#z).", "see `x` y."),
    ("docs/a.md", "[x](https://a.example/b.md)", "[x](https://a.example/b.md)"),
    ("docs/a.md", "[x](mailto:a@example.com)", "[x](mailto:a@example.com)"),
    ("docs/a.md", "", ""),
]


@pytest.mark.parametrize(("page", "text", "expected"), LINKS)
def test_links(page: str, text: str, expected: str) -> None:
    """A link points to the file in the package; without such a file, it is plain text."""

    def find_place(path: PurePosixPath) -> PurePosixPath | None:
        place = PLACES.get(f"{path}")
        return None if place is None else PurePosixPath(place)

    assert with_new_links(text, PurePosixPath(page), find_place) == expected
