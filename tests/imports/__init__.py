"""What a process that answers mail clients imports, and how much memory each package takes.

`python -m tests.imports` prints the table of this machine, and `--write` records it.
"""
