"""Waypost: makes mail clients set themselves up."""

__version__ = "0.1.0"
