"""The page about containers shows the files of `contrib/`."""

import re

from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "containers.md"
GUIDE = ROOT / "docs" / "guide.md"


def shown() -> dict[str, str]:
    """Return the block after each link to a file that ends with a colon."""
    text = PAGE.read_text(encoding="utf-8")
    pattern = r"\[(contrib/\S+)\]\(\.\./\1\):\n\n```yaml\n(.*?)^```$"
    return dict(re.findall(pattern, text, re.MULTILINE | re.DOTALL))


def test_page_shows_the_files() -> None:
    """Each block of YAML is exactly the file that the line before it names."""
    found = shown()
    assert len(found) == len(blocks(PAGE, "yaml"))
    for name, text in found.items():
        assert text == (ROOT / name).read_text(encoding="utf-8"), name


def test_page_shows_all_files() -> None:
    """Each Compose file, each manifest and the play are on the page."""
    files = [
        *ROOT.glob("contrib/compose/*/compose.yaml"),
        *ROOT.glob("contrib/kubernetes/*.yaml"),
        ROOT / "contrib/ansible/site.yml",
    ]
    assert set(shown()) == {f"{path.relative_to(ROOT)}" for path in files}


def test_guide_links_to_the_page() -> None:
    """The guide's part about the installation has a section for containers and for Kubernetes."""
    text = GUIDE.read_text(encoding="utf-8")
    install = text[text.index("## 1. Install") : text.index("## 2. Settings")]
    assert re.findall(r"^### (.+)$", install, re.MULTILINE) == ["Container", "Kubernetes"]
    assert install.count("](containers.md") == 2
