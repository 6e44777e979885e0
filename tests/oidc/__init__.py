"""Tests of the sign-in at an OpenID provider."""
