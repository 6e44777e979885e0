"""Attacks on a real `waypost serve`, each with the bounds that must hold while it lasts.

`python -m tests.torture` runs them and prints their figures as a table; `make test` runs the same.
"""
