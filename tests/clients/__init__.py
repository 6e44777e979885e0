"""Real mail clients, which set themselves up from a running Waypost."""
