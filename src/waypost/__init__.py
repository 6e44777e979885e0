"""Waypost: lets mail clients configure themselves."""

__version__ = "0.1.0"
