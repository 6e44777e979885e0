"""One-time links: a person opens one on a device, and gets the settings, perhaps with a password.

There is no HTTP and no SQL here. docs/decisions/0037-setup-links.md has the reasons.
"""
