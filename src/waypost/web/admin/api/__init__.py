"""The REST API of the admin listener, at /api/v1/."""
