"""Checks of what is configured and of what is published."""
