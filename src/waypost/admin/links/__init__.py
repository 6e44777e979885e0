"""The use cases about setup links, on the database and by the API of another Waypost."""
