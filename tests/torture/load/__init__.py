"""Mail clients of several kinds that send requests at once, and check each answer."""
