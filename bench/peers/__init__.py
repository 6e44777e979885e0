"""Other servers that answer mail clients, for comparison with Waypost."""
