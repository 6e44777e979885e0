"""The listener for operators and their web server. Nothing here is loaded where clients ask."""
