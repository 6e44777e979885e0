"""The one-time links of the settings."""

from pathlib import Path

import pytest

from tests.setup_links.stored import KEY
from tests.web.asgi import settings
from waypost.core.address import DomainName
from waypost.core.errors import SettingsError, SettingsUnreadable
from waypost.settings import secret_texts
from waypost.wiring.links import has_setup_links, link_base, link_keys, open_link_service


def test_disabled_by_default() -> None:
    """Without a key there are no links."""
    assert not has_setup_links(settings())
    assert link_keys(settings()) is None
    assert open_link_service(settings(), None) is None


def test_keys_of_the_settings() -> None:
    """Several keys are separated by spaces, and the log masks each of them."""
    chosen = settings(link_key=f"{'n' * 40} {KEY}")
    assert has_setup_links(chosen)
    by_old = link_keys(settings(link_key=KEY))
    both = link_keys(chosen)
    assert by_old is not None
    assert both is not None
    assert both.decrypt(b"purpose", by_old.encrypt(b"purpose", b"data")) == b"data"
    assert {KEY, "n" * 40} <= secret_texts(chosen)
    service = open_link_service(chosen, None)
    assert service is not None
    assert not service.makes_passwords
    service.close()


def test_keys_of_a_file(tmp_path: Path) -> None:
    """A file has one key on each line, and only its owner may have permission to read it."""
    path = tmp_path / "key"
    with pytest.raises(SettingsUnreadable, match="link_key_file"):
        link_keys(settings(link_key_file=path))
    path.write_text(f"{KEY}\n", encoding="ascii")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        link_keys(settings(link_key_file=path))
    path.chmod(0o600)
    assert link_keys(settings(link_key_file=path)) is not None
    path.write_text(f"{KEY}\na-long-random-text-of-at-least-32-characters\n", encoding="ascii")
    with pytest.raises(SettingsError, match="has the key of the documentation, which is public"):
        link_keys(settings(link_key_file=path))


@pytest.mark.parametrize(
    ("public_url", "base"),
    [
        (None, "https://autodiscover.xn--bcher-kva.example"),
        ("https://setup.example.net", "https://setup.example.net"),
    ],
)
def test_base(public_url: str | None, base: str) -> None:
    """Links begin with the public URL, or with a host of the domain that it must have anyway."""
    domain = DomainName.parse("bücher.example")
    chosen = settings() if public_url is None else settings(public_url=public_url)
    assert link_base(chosen, domain) == base
