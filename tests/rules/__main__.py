"""Write docs/rules.md: `python -m tests.rules`."""

from tests.rules.page import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
