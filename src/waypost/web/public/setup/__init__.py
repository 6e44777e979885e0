"""The page of one-time links."""
