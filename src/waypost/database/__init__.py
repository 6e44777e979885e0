"""Connections to databases of any engine, and the errors of their drivers."""
