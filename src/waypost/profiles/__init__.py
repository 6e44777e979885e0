"""Signing of profiles: the files with certificate and key, and the signers that follow them."""
