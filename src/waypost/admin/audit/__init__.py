"""The audit log: its entries, and undo."""
