"""Commands that change one thing: a domain, a provider, a service, a directory."""
