"""Which addresses are public, in all spellings of IPv6 that embed IPv4."""

import pytest

from waypost.net.addresses import is_public

PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "172.32.0.1", "11.0.0.1", "169.253.255.255", "100.128.0.1"),
    *("2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    "2002:808:808::1",
]
PRIVATE = [
    # IPv4: RFC 6890
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"),
    *("192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1"),
    *("240.0.0.1", "255.255.255.255"),
    # IPv6: unspecified, loopback, link-local with a zone, unique local, site-local, multicast
    *("::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
    *("2001:db8::1", "3fff::1", "100::1"),
    # IPv4 inside IPv6: mapped, compatible, NAT64, local NAT64, 6to4, Teredo, ISATAP
    *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1"),
    *("2002:7f00:1::1", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    "2606:4700::5efe:127.0.0.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """An address that all machines can reach is public."""
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    """An address of this machine, of this network or of no machine is not public."""
    assert not is_public(address)


def test_no_address() -> None:
    """A name is not an IP address."""
    with pytest.raises(ValueError, match="does not appear to be"):
        is_public("localhost")
