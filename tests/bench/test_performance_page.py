"""The figures in docs/performance.md."""

import pytest
from bench.__main__ import main
from bench.performance_page import BEGIN, END, PAGE, replaced


def test_replaced() -> None:
    """Only the text between the two comments changes."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_the_page_has_a_place() -> None:
    """docs/performance.md has the two comments, once each."""
    text = PAGE.read_text(encoding="utf-8")
    assert "figures" in replaced(text, "figures")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_a_place(page: str) -> None:
    """A page without both comments in order is refused."""
    with pytest.raises(ValueError, match="no place"):
        replaced(page, "figures")


@pytest.mark.parametrize("option", ["--quick", "--no-peers", "--only=start"])
def test_only_a_whole_table_is_written(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of the table does not replace the figures of the page."""
    with pytest.raises(SystemExit):
        main(["--write", option])
    assert "--write needs the whole table" in capsys.readouterr().err
