"""Keys of profiles whose absence takes a choice from the user.

An account that a user adds by hand has these choices in Settings. In a profile the default of each
key is false, and then it has not (apple/device-management, mdm/profiles, commit b6202ca2).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# iOS 12; macOS knows none of them. Nothing is signed or encrypted until the user says so.
_SMIME: Final = (
    "SMIMEEnableEncryptionPerMessageSwitch",
    "SMIMEEncryptionCertificateUUIDUserOverrideable",
    "SMIMESigningCertificateUUIDUserOverrideable",
    "SMIMESigningUserOverrideable",
)
# iOS 9.2, macOS 10.12: large attachments by way of iCloud, which the user is asked about each time.
_MAIL_DROP: Final = "allowMailDrop"

EXCHANGE_CHOICES: Final[Mapping[str, bool]] = MappingProxyType(
    dict.fromkeys((*_SMIME, _MAIL_DROP), True)
)
"""Of com.apple.eas.account.

SMIMEEncryptByDefaultUserOverrideable is not among them: with it "the user can't change" encryption,
says com.apple.eas.account.yaml.
"""
MAIL_CHOICES: Final[Mapping[str, bool]] = MappingProxyType(
    {**EXCHANGE_CHOICES, "SMIMEEncryptByDefaultUserOverrideable": True}
)
"""Of com.apple.mail.managed."""
