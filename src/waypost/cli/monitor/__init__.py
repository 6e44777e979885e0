"""`waypost monitor`: the command, its source of domains, and its life as a service."""
