"""The answers to each protocol over HTTP: one module for each protocol."""
