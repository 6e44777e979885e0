"""The admin listener, for operators and their web server. The public listener loads none of it."""
