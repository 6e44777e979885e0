"""Autoconfig documents of the ISPDB, or of any other server."""
