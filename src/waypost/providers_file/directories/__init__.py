"""The directories of users in a providers file."""
