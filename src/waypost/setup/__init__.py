"""The first setup: the mail servers of a domain, and the files of a new Waypost."""
