"""The INI file of automx 1.x."""
