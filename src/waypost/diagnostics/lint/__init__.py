"""The linter: rules that find what in a configuration breaks a mail client."""
