"""Microsoft's formats: Autodiscover as XML and JSON, and ActiveSync."""
