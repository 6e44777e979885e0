"""The identities of profiles and accounts are UUIDs of version 5."""

import plistlib
from uuid import UUID, uuid5

from hypothesis import given

from tests.formats.test_properties import addresses
from tests.making import host_service
from waypost.core.address import EmailAddress
from waypost.core.model import Domain, DomainPattern, ProfileSettings, Provider
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.aliases import mailbox_key
from waypost.lookup.lookup import client_config

NAMESPACE = UUID("6f1c2f0e-4a0b-5c57-9a4e-0b6f6a8f3d21")
MAIL = (host_service(), host_service("smtp", "smtp.example.com"))


@given(addresses())
def test_uuids_of_any_address(address: EmailAddress) -> None:
    """The UUIDs are those of RFC 9562 s5.5 for the mailbox and the type of the payload."""
    entry = Domain(DomainPattern("example.com"), Provider("Example", "Example"), MAIL)
    config = client_config(entry, address.domain, address)
    profile = plistlib.loads(mobileconfig.render(config, ProfileSettings()))
    (account,) = profile["PayloadContent"]
    for payload, subject in ((profile, "profile"), (account, account["PayloadType"])):
        expected = uuid5(NAMESPACE, f"{mailbox_key(address)}\n{subject}")
        assert payload["PayloadUUID"] == f"{expected}".upper()
        assert payload["PayloadIdentifier"] == f"com.example.waypost.{expected.hex}"
