"""Import providers from other formats."""
