"""`waypost show`."""
