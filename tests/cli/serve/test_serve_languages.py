"""The texts of the setup page at the start of a server."""

from pathlib import Path

from tests.cli.conftest import Waypost


def test_refused_at_the_start(waypost: Waypost, home: Path) -> None:
    """If a file with texts has a mistake, the server does not start, with the file and the line."""
    folder = home / "languages"
    folder.mkdir()
    (folder / "sv.po").write_text('msgid "a"\nmsgstr "b\n', encoding="utf-8")
    outcome = waypost("serve", "--demo", "--log-format", "json", "--languages-dir", f"{folder}")

    assert outcome.code == 2
    (line,) = (line for line in outcome.err.splitlines() if not line.startswith("{"))
    assert line.startswith(f"error: languages_dir: {folder}/sv.po: line 2: must be a comment")
