"""Creates the parts of a running Waypost from its settings."""
