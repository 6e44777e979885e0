"""The admin pages, at /admin/: server-rendered, and usable without JavaScript."""
