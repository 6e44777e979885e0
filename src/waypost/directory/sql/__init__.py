"""Directories in another database, usually the mail server's. Waypost only reads it."""
