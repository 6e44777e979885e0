"""Tests with real mail clients that set up accounts from a running Waypost."""
