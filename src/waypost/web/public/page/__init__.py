"""The setup page for users."""
