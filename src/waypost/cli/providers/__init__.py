"""The commands that read and change providers and domains."""
