"""Texts of pages in several languages: gettext files, and the language that a browser prefers."""
