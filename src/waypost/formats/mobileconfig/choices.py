"""Keys of profiles that keep choices available to the user.

An account that a user adds by hand has these choices in Settings. In a profile, the default of
each key is false, and then the account lacks the choice (apple/device-management, mdm/profiles,
commit b6202ca2).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# iOS 12; macOS knows none of them. Nothing is signed or encrypted until the user enables it.
_SMIME: Final = (
    "SMIMEEnableEncryptionPerMessageSwitch",
    "SMIMEEncryptionCertificateUUIDUserOverrideable",
    "SMIMESigningCertificateUUIDUserOverrideable",
    "SMIMESigningUserOverrideable",
)
# iOS 9.2, macOS 10.12: large attachments through iCloud; the device asks the user each time.
_MAIL_DROP: Final = "allowMailDrop"

EXCHANGE_CHOICES: Final[Mapping[str, bool]] = MappingProxyType(
    dict.fromkeys((*_SMIME, _MAIL_DROP), True)
)
"""The keys for com.apple.eas.account.

SMIMEEncryptByDefaultUserOverrideable is not one of them: with it "the user can't change"
encryption, says com.apple.eas.account.yaml.
"""
MAIL_CHOICES: Final[Mapping[str, bool]] = MappingProxyType(
    {**EXCHANGE_CHOICES, "SMIMEEncryptByDefaultUserOverrideable": True}
)
"""The keys for com.apple.mail.managed."""
