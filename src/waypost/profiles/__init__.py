"""Who signs profiles: the files with certificate and key, and what follows them."""
