"""Tests of the first setup."""
