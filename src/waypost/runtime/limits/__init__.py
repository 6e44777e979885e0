"""How much each client may ask, and who pays for queries."""
