"""The listeners. Only this folder knows HTTP."""
