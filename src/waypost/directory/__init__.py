"""User directories: LDAP, SQL and files, behind one protocol."""
