"""Files that `waypost apply` has written: what the audit log stores of them, and undo."""
