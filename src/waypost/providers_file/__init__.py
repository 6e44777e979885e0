"""Providers files, imports from other formats, and the differences between two catalogs."""
