"""Tests of waypost.web.languages."""
