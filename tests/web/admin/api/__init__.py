"""Tests of waypost.web.admin.api."""
