"""The monitor: what it checks, keeps and reports."""
