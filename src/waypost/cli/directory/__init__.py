"""`waypost directory`."""
