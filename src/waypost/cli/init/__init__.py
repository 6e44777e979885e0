"""`waypost init`: the first setup of a domain."""
