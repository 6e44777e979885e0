"""Parsers of untrusted bytes, within limits: XML, TOML, DER, CMS, property lists."""
