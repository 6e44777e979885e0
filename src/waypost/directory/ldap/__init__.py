"""Directories that speak LDAP (RFC 4511).

Sockets, time limits and TLS are Python's own, the protocol is python-ldap's:
docs/decisions/0005-ldap-library.md says why.
"""
