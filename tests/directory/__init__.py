"""Tests of user directories."""
