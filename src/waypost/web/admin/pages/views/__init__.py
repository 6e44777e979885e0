"""One module for each page of the admin pages."""
