"""Read, compare and write the whole database in parts, even with a million domains."""
