"""The commands about one-time links."""
