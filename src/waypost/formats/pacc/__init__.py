"""PACC: draft-ietf-mailmaint-pacc, the document and the digest in DNS."""
