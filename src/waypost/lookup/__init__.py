"""From an address or a domain to its configuration, and rendered documents in memory."""
