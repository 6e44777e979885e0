"""The services of all domains of a provider: how they change, and what the audit log stores."""
