"""Directories in another database, as a rule that of the mail server. It is only read."""
