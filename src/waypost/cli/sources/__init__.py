"""What commands read: the settings, the catalog, the database, and the libraries that it needs."""
