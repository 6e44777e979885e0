"""Sign in and set up: a person proves by a password who they are, and gets the settings."""
