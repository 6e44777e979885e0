"""Who a user is."""
