"""The programs that make a release."""
