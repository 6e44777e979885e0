"""The formats that clients read: one module per standard, with pure functions that return bytes."""
