"""Use cases that try something: clients, DNS, discovery of a domain, lookups of users."""
