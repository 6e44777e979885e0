"""How many instructions the frequent work needs: a guard that no clock and no busy machine affects.

`make instructions` counts and compares; docs/performance.md describes it.
"""
