"""Tests of waypost.web.admin.pages."""
