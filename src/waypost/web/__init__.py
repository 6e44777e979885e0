"""The listeners. Only this folder handles HTTP requests."""
