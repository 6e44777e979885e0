"""`waypost token` and `waypost admin`: who may use the API and the pages."""
