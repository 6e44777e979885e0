"""The only authority of certificates that the tests trust without an option."""

import ssl


def test_no_authority_of_this_machine_is_trusted() -> None:
    """A TLS context without an option trusts an authority that has signed nothing."""
    (authority,) = ssl.create_default_context().get_ca_certs()
    assert authority["subject"] == authority["issuer"]
    assert "an authority without certificates" in f"{authority['subject']}"
