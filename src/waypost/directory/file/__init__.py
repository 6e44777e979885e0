"""A directory in a file: a user a line (CSV) or a table a user (TOML)."""
