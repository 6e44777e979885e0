"""Ways in and out: providers files, seeds of automx2, and what lies between two catalogs."""
