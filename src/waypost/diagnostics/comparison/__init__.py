"""Comparison of the answers of two servers."""
