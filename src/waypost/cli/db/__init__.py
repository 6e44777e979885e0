"""`waypost db`."""
