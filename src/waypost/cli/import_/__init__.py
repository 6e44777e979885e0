"""`waypost import`."""
