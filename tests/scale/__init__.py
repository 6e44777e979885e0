"""Several machines with one database: what clients and operators notice when a server fails.

`python -m tests.scale` runs all failures and prints the table of docs/scale.md; `make test` runs
the shorter ones.
"""
