"""Stores of domains and their services: one protocol, several implementations."""
