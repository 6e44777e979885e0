"""Recorded mail clients: the requests of each client, and the account that it sets up.

Pure: a record yields requests and lookups and receives each answer, from any source. The facts are
those of each client's source or its vendor's documentation, at the revision that the record names.
Marks: [code] (read in the source), [run] (seen while that program ran), [doc], [log] (in the log of
a server that the client asked) and [know] (commonly known, not checked). A record omits or assumes
what is not known, and names each assumption. docs/clients.md has a section for each record.
"""

from typing import Final

from waypost.diagnostics.simulated_clients.activesync import ACTIVESYNC_DEVICES
from waypost.diagnostics.simulated_clients.aerc import AERC
from waypost.diagnostics.simulated_clients.apple import APPLE_MAIL
from waypost.diagnostics.simulated_clients.claws_mail import CLAWS_MAIL
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.davx5 import DAVX5
from waypost.diagnostics.simulated_clients.deltachat import DELTA_CHAT
from waypost.diagnostics.simulated_clients.emclient import EM_CLIENT
from waypost.diagnostics.simulated_clients.evolution import EVOLUTION, EVOLUTION_3_46
from waypost.diagnostics.simulated_clients.fairemail import FAIREMAIL
from waypost.diagnostics.simulated_clients.geary import GEARY
from waypost.diagnostics.simulated_clients.himalaya import HIMALAYA
from waypost.diagnostics.simulated_clients.k9 import K9
from waypost.diagnostics.simulated_clients.kmail import KMAIL, KMAIL_22_12
from waypost.diagnostics.simulated_clients.mailspring import MAILSPRING
from waypost.diagnostics.simulated_clients.mustang import MUSTANG
from waypost.diagnostics.simulated_clients.nextcloud import NEXTCLOUD
from waypost.diagnostics.simulated_clients.nine import NINE
from waypost.diagnostics.simulated_clients.outlook import OUTLOOK
from waypost.diagnostics.simulated_clients.outlook_new import OUTLOOK_NEW
from waypost.diagnostics.simulated_clients.sailfish import SAILFISH
from waypost.diagnostics.simulated_clients.snappymail import SNAPPYMAIL
from waypost.diagnostics.simulated_clients.thunderbird import THUNDERBIRD
from waypost.diagnostics.simulated_clients.thunderbird_ios import THUNDERBIRD_IOS

__all__ = [
    "CLAWS_MAIL",
    "CLIENTS",
    "DAVX5",
    "DELTA_CHAT",
    "EVOLUTION_3_46",
    "GEARY",
    "KMAIL_22_12",
    "THUNDERBIRD",
    "SimulatedClient",
]

CLIENTS: Final[tuple[SimulatedClient, ...]] = (
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
