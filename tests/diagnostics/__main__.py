"""Write the tables of codes in the documentation: `python -m tests.diagnostics`."""

from tests.diagnostics.page import pages

for path, text in pages():
    path.write_text(text, encoding="utf-8")
