"""Databases of any engine: how they are opened, and what their drivers complain about."""
