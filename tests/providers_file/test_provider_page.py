"""The key `page` of a providers file."""

from base64 import b64encode
from pathlib import Path

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.logo import LOGO_MAX_BYTES
from waypost.core.model import PageSettings, Provider
from waypost.providers_file.load import read_providers, write_providers

HEAD = "[[provider]]\nname = 'X'\n[provider.page]\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
URL = f"data:image/svg+xml;base64,{b64encode(SVG).decode()}"


def read(text: str, folder: Path | None = None) -> Provider:
    """Return the one provider of a file."""
    found = read_providers(f"{HEAD}{text}", name="f", format="toml", folder=folder)
    (provider,) = found.catalog.unused_providers
    return provider


GOOD = [
    # value, meaning
    ('color = "#0A5CAD"', PageSettings(color="#0a5cad")),
    ('color = "#fa0"', PageSettings(color="#ffaa00")),
    ('logo = "logo.svg"', PageSettings(logo=URL)),
    (f'logo = "{URL}"', PageSettings(logo=URL)),
    (
        'welcome = { de = "Hallo", "" = "Hello" }',
        PageSettings(welcome=((None, "Hello"), ("de", "Hallo"))),
    ),
    ('help = { pt-BR = "Ajuda" }', PageSettings(help=(("pt-BR", "Ajuda"),))),
]


@pytest.mark.parametrize(("text", "meant"), GOOD)
def test_good(text: str, meant: PageSettings, tmp_path: Path) -> None:
    """Each key is read, and the picture is read from its file."""
    (tmp_path / "logo.svg").write_bytes(SVG)
    assert read(text, tmp_path).page == meant


def test_without_the_key() -> None:
    """A provider without the key has no settings of the page."""
    found = read_providers("[[provider]]\nname = 'X'\n", name="f", format="toml")
    assert found.catalog.unused_providers[0].page == PageSettings()


def test_written_again(tmp_path: Path) -> None:
    """A written file needs no other file: the picture is in it."""
    (tmp_path / "logo.svg").write_bytes(SVG)
    text = f'{HEAD}color = "#fa0"\nlogo = "logo.svg"\nwelcome = {{ "" = "Hi", de = "Ho" }}\n'
    catalog = read_providers(text, name="f", format="toml", folder=tmp_path).catalog
    written = write_providers(catalog, "toml")
    assert read_providers(written, name="f", format="toml").catalog == catalog


BAD = [
    # value, problem
    ("", "is empty; known keys are color, logo, welcome, help"),
    ("color = '#fff'\ncolour = '#fff'", "colour: unknown key; did you mean color"),
    ("color = 'blue'", 'color: must be a color of 3 or 6 hexadecimal digits, such as "#0a5cad"'),
    ("color = '#12345'", "color: must be a color"),
    ("color = '#12g'", "color: must be a color"),
    ("color = '#1234567'", "color: is longer than 7 characters"),
    ("color = 7", "color: must be a string"),
    ("logo = 'none.svg'", "logo: the file none.svg cannot be read: No such file or directory"),
    ("logo = '.'", "logo: the file "),
    ("logo = 'text.svg'", "logo: must be an SVG, PNG, WebP, JPEG or GIF picture"),
    ("logo = 'long.svg'", "logo: is longer than 16384 bytes; save a smaller picture"),
    ("logo = 'data:text/html;base64,PGI+'", "logo: must be a picture in base64 of at most 16384"),
    ("logo = 'https://example.com/logo.svg'", "logo: the file logo.svg cannot be read"),
    ("logo = ''", "logo: must not be empty"),
    ("logo = 1", "logo: must be a string"),
    ("welcome = 'Hello'", "welcome: must be a table"),
    ("welcome = {}", 'welcome: is empty; remove it, or add a text under ""'),
    ("welcome = { 'deutsch land' = 'x' }", "welcome: has a key that is neither a language"),
    ("help = { de = 1 }", "help.de: must be a string"),
    (f"help = {{ de = '{'x' * 1001}' }}", "help.de: is longer than 1000 characters"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad(text: str, said: str, tmp_path: Path) -> None:
    """Each mistake has the key, the rule and the line where the provider begins."""
    (tmp_path / "text.svg").write_text("no picture", encoding="utf-8")
    (tmp_path / "long.svg").write_bytes(SVG + b" " * LOGO_MAX_BYTES)
    with pytest.raises(ProvidersError) as raised:
        read(text, tmp_path)
    (problem,) = raised.value.problems
    assert problem.removeprefix("f: provider[0].page").lstrip(".: ").startswith(said)
    assert problem.endswith("(this provider begins on line 1)")


def test_no_file_from_a_network() -> None:
    """A document without a folder cannot name a file of this machine."""
    with pytest.raises(ProvidersError, match="must be a data: URL here, not the path of a file"):
        read("logo = '/etc/logo.png'")
