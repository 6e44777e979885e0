"""Real server programs for tests: their own authority, their own network, started and stopped."""
