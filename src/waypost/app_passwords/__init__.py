"""App passwords that the operator's own system makes, by an HTTP call or by a local command."""
