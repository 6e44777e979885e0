"""Who sent a request: proxies, schemes, and the operator of this machine."""
