"""Convert rows of the tables to values, and back."""
