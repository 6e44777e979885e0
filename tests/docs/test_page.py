"""The page about the setup page is correct."""

from pathlib import Path

import pytest

from tests.docs.admin_pictures import PICTURES as ADMIN_PICTURES
from tests.docs.page_pictures import FOLDER, LOGO, MAX_BYTES, PICTURES
from tests.docs.pages import ROOT, blocks
from tests.web.asgi import Client, settings
from tests.web.public.page import LANGUAGES, elements, form_to
from waypost.providers_file.load import read_providers
from waypost.providers_file.models.page import PageTable
from waypost.web.admin.pages.languages import read_admin_languages
from waypost.web.public.page.devices import Device
from waypost.web.public.page.languages import read_languages

PAGE = ROOT / "docs" / "page.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(name="client")
def _client(tmp_path: Path) -> Client:
    """Return a client of a Waypost with the example of the page."""
    (tmp_path / "logo.svg").write_text(LOGO, encoding="utf-8")
    (example,) = (one.text for one in blocks(PAGE, "toml") if "[provider.page]" in one.text)
    found = read_providers(example, name="f", format="toml", folder=tmp_path)
    assert found.warnings == ()
    return Client(found.catalog, settings(public_url="https://setup.modern.example"))


def test_example(client: Client) -> None:
    """The example gives a page with all that it sets."""
    text = client.get("/", query="emailaddress=a@modern.example", host="setup.modern.example").text
    for part in ("#7a1fa2", "data:image/svg+xml;base64,", "Two minutes", "We are glad", "+49-30-"):
        assert part in text, part
    assert "In zwei Minuten" in client.get("/", query="lang=de", host="modern.example").text
    client.close()


def test_form_of_other_sites(client: Client) -> None:
    """The form for other web sites opens the page with the address that was typed."""
    (block,) = blocks(PAGE, "html")
    form = form_to(block.text, "https://setup.example.com/")
    assert form.method == "GET"
    form.fields["emailaddress"] = "a+b@modern.example"
    answer = client.get("/", query=dict(form.form_values()))

    assert answer.status == 200
    assert "a+b@modern.example" in elements(answer.text, "//header")[0].text_content()
    client.close()


def test_own_texts(tmp_path: Path) -> None:
    """The examples of files with texts are read."""
    example, admin = blocks(PAGE, "po")
    (tmp_path / "de.po").write_text(example.text, encoding="utf-8")
    assert "de" in read_languages(tmp_path).tags
    (tmp_path / "admin").mkdir()
    (tmp_path / "admin" / "sv.po").write_text(admin.text, encoding="utf-8")
    assert read_admin_languages(tmp_path).translation("sv").text("Overview") == "Översikt"


def test_all_is_named() -> None:
    """The page names every key of a provider, every device and every language."""
    names = [f"`{name}`" for name in (*PageTable.model_fields, *Device)]
    names += [f"(`{tag}`)" for tag in LANGUAGES.tags if tag != "en"]
    assert [name for name in names if name not in TEXT] == []


def test_pictures() -> None:
    """Each picture of `make docs` is small, and on its page; there are no others."""
    names = {picture.name for picture in (*PICTURES, *ADMIN_PICTURES)}
    assert names == {path.name for path in FOLDER.iterdir()}
    for picture in PICTURES:
        data = (FOLDER / picture.name).read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(data) <= MAX_BYTES
        assert f"](pictures/{picture.name})" in picture.page.read_text(encoding="utf-8")
