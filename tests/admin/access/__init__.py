"""Tests of waypost.admin.access."""
