"""The use cases of another Waypost, by its REST API."""
