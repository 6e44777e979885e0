"""The command line: `waypost`."""
