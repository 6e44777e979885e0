"""The devices of the setup page: which one a browser runs on, and the steps for each of them."""

import enum
from dataclasses import dataclass
from typing import Final

USER_AGENT_MAX_CHARS: Final = 1000


class Device(enum.StrEnum):
    """A kind of device, as the query of the page names it (`?device=mac`)."""

    IPHONE = "iphone"
    MAC = "mac"
    ANDROID = "android"
    WINDOWS = "windows"
    LINUX = "linux"

    @property
    def is_phone(self) -> bool:
        """Whether its camera cannot see its own screen."""
        return self in {Device.IPHONE, Device.ANDROID}

    @property
    def takes_profile(self) -> bool:
        """Whether it installs a profile."""
        return self in {Device.IPHONE, Device.MAC}


# The first word that a User-Agent contains counts: the one of Android also contains `Linux`, and
# those of iPhones contain `Mac OS X`. An iPad says that it is a Mac, if it shows desktop pages.
_WORDS: Final = (
    *(("iphone", Device.IPHONE), ("ipad", Device.IPHONE), ("ipod", Device.IPHONE)),
    *(("android", Device.ANDROID), ("windows", Device.WINDOWS), ("macintosh", Device.MAC)),
    *(("linux", Device.LINUX), ("x11", Device.LINUX)),
)


def device_of(user_agent: str) -> Device | None:
    """Return the device of a browser by its User-Agent (RFC 9110 s10.1.5), or None."""
    text = user_agent[:USER_AGENT_MAX_CHARS].lower()
    return next((device for word, device in _WORDS if word in text), None)


def chosen_device(name: str) -> Device | None:
    """Return the device that a user chose by a link, or None."""
    try:
        return Device(name.lower())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step.

    Attributes:
        text: the key of its text.
        picture: the name of its picture in pictures.html, or None.
    """

    text: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """The steps for one program.

    Attributes:
        steps: in their order.
        name: of the program, which is the same in all languages, or None.
        title: the key of the text with its name, or None.
        is_numbered: whether the steps follow each other.
        needs_dav: whether the steps are only for providers with calendars or address books.
    """

    steps: tuple[GuideStep, ...]
    name: str | None = None
    title: str | None = None
    is_numbered: bool = True
    needs_dav: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """What the page shows for one device.

    Attributes:
        device: None for all other programs.
        name: the same in all languages, or None.
        title: the key of the text with the name, or None.
        action: the key of the text of its button: `get_profile`, `get_thunderbird` or None.
        url: of the program that the button gets, or None.
    """

    device: Device | None
    programs: tuple[Program, ...]
    name: str | None = None
    title: str | None = None
    action: str | None = None
    url: str | None = None


_THUNDERBIRD: Final = Program(
    (
        GuideStep("thunderbird_1", "window-plus"),
        GuideStep("thunderbird_2", "window-form"),
        GuideStep("thunderbird_3", "window-choice"),
    ),
    name="Thunderbird",
)
_DAV_IN_THUNDERBIRD: Final = Program(
    (GuideStep("dav_thunderbird"),), title="dav", is_numbered=False, needs_dav=True
)
_DAV_ON_ANDROID: Final = Program(
    (GuideStep("dav_android"),), title="dav", is_numbered=False, needs_dav=True
)
# Pages of the maker of the program. The page loads nothing from there.
_FOR_COMPUTERS: Final = "https://www.thunderbird.net/"
_FOR_ANDROID: Final = "https://www.thunderbird.net/mobile/"

GUIDES: Final = (
    Guide(
        Device.IPHONE,
        (
            Program(
                (
                    GuideStep("iphone_1", "phone-download"),
                    GuideStep("iphone_2", "phone-list"),
                    GuideStep("iphone_3", "phone-install"),
                )
            ),
        ),
        title="device_iphone",
        action="get_profile",
    ),
    Guide(
        Device.MAC,
        (
            Program(
                (
                    GuideStep("mac_1", "window-download"),
                    GuideStep("mac_2", "window-list"),
                    GuideStep("mac_3", "window-install"),
                )
            ),
        ),
        name="Mac",
        action="get_profile",
    ),
    Guide(
        Device.ANDROID,
        (
            Program(
                (
                    GuideStep("android_1", "phone-apps"),
                    GuideStep("android_2", "phone-address"),
                    GuideStep("android_3", "phone-password"),
                ),
                title="android_apps",
            ),
            _DAV_ON_ANDROID,
        ),
        name="Android",
        action="get_thunderbird",
        url=_FOR_ANDROID,
    ),
    Guide(
        Device.WINDOWS,
        (
            _THUNDERBIRD,
            _DAV_IN_THUNDERBIRD,
            Program((GuideStep("classic_outlook_1"),), title="classic_outlook", is_numbered=False),
            Program(
                (GuideStep("new_outlook_1"), GuideStep("new_outlook_2")),
                title="new_outlook",
                is_numbered=False,
            ),
        ),
        name="Windows",
        action="get_thunderbird",
        url=_FOR_COMPUTERS,
    ),
    Guide(
        Device.LINUX,
        (
            _THUNDERBIRD,
            _DAV_IN_THUNDERBIRD,
            Program((GuideStep("linux_1"),), name="Evolution, KMail", is_numbered=False),
        ),
        name="Linux",
        action="get_thunderbird",
        url=_FOR_COMPUTERS,
    ),
    Guide(
        None,
        (Program((GuideStep("other_1"), GuideStep("other_2")), is_numbered=False),),
        title="device_other",
    ),
)


def guide_for(device: Device | None) -> Guide:
    """Return the steps for a device; those for all other programs if it is not known."""
    return next(guide for guide in GUIDES if guide.device is device)
