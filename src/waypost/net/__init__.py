"""Connections to other machines, each of which ends with a deadline."""
