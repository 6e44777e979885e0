"""Connections to other machines, each with a deadline."""
