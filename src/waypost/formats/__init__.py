"""What clients read: one standard a file, each a pure function from a configuration to bytes."""
