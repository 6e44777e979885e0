"""Recorded mail clients: the requests of each client, and the account that it sets up.

Pure: a record yields requests and lookups and receives each answer, from any source. The facts are
those of each client's source or its vendor's documentation, at the revision that the record names.
Marks: [code] (read in the source), [run] (seen while that program ran), [doc], [log] (in the log of
a server that the client asked) and [know] (commonly known, not checked). A record omits or assumes
what is not known, and names each assumption.
"""

from typing import Final

from waypost.check.recorded.activesync import ACTIVESYNC_DEVICES
from waypost.check.recorded.aerc import AERC
from waypost.check.recorded.apple import APPLE_MAIL
from waypost.check.recorded.claws_mail import CLAWS_MAIL
from waypost.check.recorded.client import Client
from waypost.check.recorded.davx5 import DAVX5
from waypost.check.recorded.deltachat import DELTA_CHAT
from waypost.check.recorded.emclient import EM_CLIENT
from waypost.check.recorded.evolution import EVOLUTION, EVOLUTION_3_46
from waypost.check.recorded.fairemail import FAIREMAIL
from waypost.check.recorded.geary import GEARY
from waypost.check.recorded.himalaya import HIMALAYA
from waypost.check.recorded.k9 import K9
from waypost.check.recorded.kmail import KMAIL, KMAIL_22_12
from waypost.check.recorded.mailspring import MAILSPRING
from waypost.check.recorded.mustang import MUSTANG
from waypost.check.recorded.nextcloud import NEXTCLOUD
from waypost.check.recorded.nine import NINE
from waypost.check.recorded.outlook import OUTLOOK
from waypost.check.recorded.outlook_new import OUTLOOK_NEW
from waypost.check.recorded.sailfish import SAILFISH
from waypost.check.recorded.snappymail import SNAPPYMAIL
from waypost.check.recorded.thunderbird import THUNDERBIRD
from waypost.check.recorded.thunderbird_ios import THUNDERBIRD_IOS

__all__ = [
    "CLAWS_MAIL",
    "CLIENTS",
    "DAVX5",
    "DELTA_CHAT",
    "EVOLUTION_3_46",
    "GEARY",
    "KMAIL_22_12",
    "THUNDERBIRD",
    "Client",
]

CLIENTS: Final[tuple[Client, ...]] = (
    THUNDERBIRD,
    DELTA_CHAT,
    K9,
    THUNDERBIRD_IOS,
    FAIREMAIL,
    EVOLUTION,
    EVOLUTION_3_46,
    KMAIL,
    KMAIL_22_12,
    AERC,
    HIMALAYA,
    NEXTCLOUD,
    SNAPPYMAIL,
    GEARY,
    CLAWS_MAIL,
    MAILSPRING,
    MUSTANG,
    SAILFISH,
    OUTLOOK,
    OUTLOOK_NEW,
    EM_CLIENT,
    APPLE_MAIL,
    NINE,
    ACTIVESYNC_DEVICES,
    DAVX5,
)
