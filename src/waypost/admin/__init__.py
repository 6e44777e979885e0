"""The use cases of administration, without HTTP and without a terminal.

The REST API, the command line and the pages call `Admin`, and have no separate rules.
"""
