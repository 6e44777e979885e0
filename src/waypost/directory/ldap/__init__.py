"""Directories that speak LDAP (RFC 4511).

Python's standard library provides sockets, time limits and TLS; python-ldap provides the protocol.
docs/decisions/0005-ldap-library.md explains why.
"""
