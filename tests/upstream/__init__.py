"""Tests of the tables in this repository against the files of other projects.

The tests exist only if the variable `UPSTREAM_DATA` names a folder with these files.
"""
