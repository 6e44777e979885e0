"""The registry of mail clients, and the names of the access log."""

import pytest

from waypost.core.clients import CLIENTS, USER_AGENTS, log_name_of, shown_name

NAMES = [
    # User-Agent, what the access log calls the program
    ("", "none"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0", "thunderbird"),
    ("K-9 Mail for Android", "k-9"),
    ("FairEmail/1.2200", "fairemail"),
    ("Evolution/3.46.4", "evolution"),
    ("eM Client/10.0", "em-client"),
    ("eMClient/9.2", "em-client"),
    ("OutlookMobileCloudService-Autodetect/1.0.0", "outlook-mobile"),
    ("Outlook-iOS/2.0", "outlook-mobile"),
    ("Outlook-Android/2.0", "outlook-mobile"),
    ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1)", "outlook"),
    ("Outlook/16.0", "outlook"),
    ("ExchangeServicesClient/0.0.0.0", "exchange"),
    ("Mozilla/5.0 Nextcloud Server Crawler", "nextcloud"),
    ("KMail/5.22", "kmail"),
    ("Akonadi/5.22", "kmail"),
    ("Mozilla/5.0 (X11; Linux x86_64) KIO/5.103", "kmail"),
    ("aerc/0.14 Go-http-client/1.1", "aerc"),
    ("Go-http-client/1.1", "go"),
    ("iOS/18.0 (22A3354) dataaccessd/1.0", "apple"),
    ("accountsd/113 CFNetwork/1494 Darwin/23.4.0", "apple"),
    ("curl/8.5.0", "curl"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "browser"),
    ("something/1", "other"),
]


@pytest.mark.parametrize(("user_agent", "name"), NAMES)
def test_names_of_the_access_log(user_agent: str, name: str) -> None:
    """A program is recognized by its User-Agent, in any case."""
    assert log_name_of(user_agent) == log_name_of(user_agent.upper()) == name


def test_every_name_is_tried() -> None:
    """The table above has every name, and each client with a User-Agent is searched for."""
    names = {one.log_name for one in USER_AGENTS if one is not None}
    assert {name for _, name in NAMES} == {*names, "none", "other"}
    assert {one.user_agent for one in CLIENTS if one.user_agent} <= set(USER_AGENTS)


def test_entries_are_unique() -> None:
    """Each client is in the registry once: its key, its name and its other names."""
    for words in (
        [word for one in CLIENTS for word in (one.key, *one.aliases)],
        [one.name for one in CLIENTS],
        [str(one) for one in CLIENTS],
    ):
        assert len(words) == len(set(words))


def test_names_in_lists() -> None:
    """A long name has a short form in lists, and `waypost explain` a short word."""
    shown = {str(one): one.topic for one in CLIENTS}
    assert (shown["K-9"], shown["Outlook"], shown["KMail"]) == ("k-9", "outlook", "kmail")
    assert [shown_name(name) for name in ("k-9", "thunderbird", "curl")] == [
        "K-9",
        "Thunderbird",
        "curl",
    ]
