"""The commands that check: `lint`, `doctor`, `conformance`, `compare`."""
