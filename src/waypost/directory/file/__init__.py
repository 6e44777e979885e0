"""A directory in a file: one line per user (CSV) or one table per user (TOML)."""
