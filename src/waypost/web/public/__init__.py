"""The public listener, for mail clients. It is read-only, except for `initdb`."""
