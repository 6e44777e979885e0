"""Checks of documents against their standards."""
