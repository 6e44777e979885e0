"""Domains in a SQL database whose tables are a superset of automx2's."""
