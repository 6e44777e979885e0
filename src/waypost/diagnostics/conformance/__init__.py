"""Tests of a server with simulated clients and with rules of the standards."""
