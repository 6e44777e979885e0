"""Queries to DNS servers."""
