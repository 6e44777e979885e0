"""The operator's keys."""

import pytest

from waypost.core.errors import LinkInvalid, SettingsError
from waypost.setup_links.keys import SECRET, TOKEN, LinkKeys

OLD, NEW = "o" * 40, "n" * 40


def test_rotation() -> None:
    """The first key encrypts, and each key decrypts, until it is removed from the list."""
    by_old = LinkKeys([OLD]).encrypt(SECRET, b"secret", b"row")
    both = LinkKeys([NEW, OLD])
    assert both.decrypt(SECRET, by_old, b"row") == b"secret"
    by_both = both.encrypt(SECRET, b"secret", b"row")
    assert LinkKeys([NEW]).decrypt(SECRET, by_both, b"row") == b"secret"
    with pytest.raises(LinkInvalid):
        LinkKeys([NEW]).decrypt(SECRET, by_old, b"row")


def test_what_does_not_decrypt() -> None:
    """Data of another row, for another purpose, changed or cut data does not decrypt."""
    keys = LinkKeys([OLD])
    data = keys.encrypt(SECRET, b"secret", b"row")
    assert b"secret" not in data
    assert keys.encrypt(SECRET, b"secret", b"row") != data
    changed = bytes([data[0] ^ 1]) + data[1:]
    for purpose, encrypted, row in [
        (SECRET, data, b"other"),
        (TOKEN, data, b"row"),
        (SECRET, changed, b"row"),
        (SECRET, data[:-1], b"row"),
        (SECRET, data[:5], b"row"),
        (SECRET, b"", b"row"),
    ]:
        with pytest.raises(LinkInvalid):
            keys.decrypt(purpose, encrypted, row)


@pytest.mark.parametrize("texts", [[], ["short"], [NEW, "short"]])
def test_bad_keys(texts: list[str]) -> None:
    """A missing or short key is refused, and not shown."""
    with pytest.raises(SettingsError, match="link_key: each key must have at least 32") as caught:
        LinkKeys(texts)
    assert "short" not in str(caught.value)
