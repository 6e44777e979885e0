"""Limits for each client network."""
