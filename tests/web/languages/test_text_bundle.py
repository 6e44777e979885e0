"""The files of an operator are read, or refused with the file, the line and the rule."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.web.public.page import texts
from waypost.core.errors import SettingsError
from waypost.web.languages.text_bundle import OwnTexts, read_own_texts
from waypost.web.public.page.languages import PAGE_TEXTS

PO = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgctxt "title"
msgid "Set up your mail"
msgstr "Ställ in din e-post"
"""


def own(folder: Path, **files: str) -> OwnTexts:
    """Read an operator's files, by name without `.po`, `_` for `-` in the name."""
    for name, text in files.items():
        (folder / f"{name}.po").write_text(text, encoding="utf-8")
    return read_own_texts(folder, PAGE_TEXTS)


def message(key: str, english: str, text: str, flag: str = "") -> str:
    head = PO.partition("\n\n")[0]
    return f'{head}\n\n{flag}msgctxt "{key}"\nmsgid "{english}"\nmsgstr "{text}"\n'


UNUSED = [
    # a file that has no effect, and why
    ("", "an empty file"),
    (message("title", "Set up your mail", ""), "a text that is not translated"),
    (message("title", "Set up your mail", "x", "#, fuzzy\n"), "a text that is marked as unsure"),
    (message("gone", "An old text", "x"), "a text that the page no longer has"),
    (message("moved", "It moved to {url}.", "{url}"), "an older text with other names"),
    ('msgid "Set up your mail"\nmsgstr "x"\n', "a text without a key"),
]


@pytest.mark.parametrize(("text", "why"), UNUSED)
def test_texts_without_effect(tmp_path: Path, text: str, why: str) -> None:
    """A file of another version of Waypost, or an unfinished one, is no error."""
    assert own(tmp_path, sv=text) == {"sv": {}}, why


MOVED = texts("en")["moved"]
BAD = [
    # a file, its problem
    (message("moved", MOVED, "{domain}"), "line 5: moved: must have the same names in braces"),
    (message("moved", MOVED, "{domain} {place} {"), "line 5: moved: must have the same names"),
    (message("moved", MOVED, "{domain!r} {place}"), "line 5: moved: must have the same names"),
    (message("title", "Set up your mail", "{}"), "line 5: title: must have the same names"),
    (message("title", "Set up your mail", r"a\nb"), "line 5: title: contains a line break"),
    (message("title", "Set up your mail", "x" * 2001), "line 5: title: is longer than 2000"),
    ("title = 'x'\n", "line 1: must be a comment, or a keyword"),
    (f'{PO}\nmsgid "a\n', "line 9: must be a comment, or a keyword"),
    (f'{PO}\nmsgstr "a"\nmsgid "b"\nmsgid "c"\n', "is not a gettext file (.po): "),
    ('msgctxt "title"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n', "line 1: texts of pages"),
    ("# x\n" * 100_000, "is longer than 262144 bytes"),
]


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_bad_files(tmp_path: Path, text: str, problem: str) -> None:
    """A mistake in a file is an error with the option, the file, the line and the rule."""
    with pytest.raises(SettingsError) as raised:
        own(tmp_path, sv=text)
    (found,) = raised.value.problems
    assert found.startswith(f"languages_dir: {tmp_path}/sv.po: {problem}"), found


def test_bad_names(tmp_path: Path) -> None:
    """Other problems of the folder are errors, all at once."""
    (tmp_path / "sv.toml").write_text("", encoding="utf-8")
    (tmp_path / "s.po").write_text(PO, encoding="utf-8")
    (tmp_path / "de.po").write_bytes(b'msgid "a"\n\xff')
    (tmp_path / "fr.po").mkdir()
    with pytest.raises(SettingsError) as raised:
        read_own_texts(tmp_path, PAGE_TEXTS)
    problems = [one.removeprefix(f"languages_dir: {tmp_path}/") for one in raised.value.problems]

    assert problems == [
        "de.po: line 2: is not UTF-8",
        "fr.po: Is a directory",
        "s.po: must be named after a language (RFC 5646), such as pt-BR.po",
        "sv.toml: texts are gettext files (.po), not TOML",
    ]
    with pytest.raises(SettingsError, match="none: No such file or directory"):
        read_own_texts(tmp_path / "none", PAGE_TEXTS)


@example("#:")
@given(st.text(st.sampled_from('msgidctxtr_plural"\\n\n#~|,:; [0]={}x\ufeff\x00'), max_size=200))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any file is read or refused."""
    folder = tmp_path_factory.mktemp("any")
    with suppress(SettingsError):
        assert own(folder, sv=f"{PO}\n{text}")["sv"]["title"]
