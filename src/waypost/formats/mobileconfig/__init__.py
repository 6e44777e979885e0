"""Apple's configuration profiles."""
