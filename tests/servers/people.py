"""The directory of the LDAP tests: 10,000 people, and some special ones."""

from collections.abc import Iterator

from tests.servers.slapd import (
    COUNT,
    PASSWORD,
    PEOPLE,
    POOR,
    PUBLIC,
    READER,
    SUFFIX,
    Attributes,
)

# Local parts with signs of a filter, each stored literally for one person.
STRANGE = ["a*b", "*", "a(b", "a)b", "a\\b", "\\2a", "a&b", "a|b", "a=b", "!a", "a'b", "a/b"]
# A non-ASCII address is in uid, which is not limited to IA5 (RFC 4519 s2.39, RFC 4524 s2.16).
FOREIGN = ["jörg@example.com", "用户@example.com", "Ñandú@xn--bcher-kva.example"]
LONG = "l" * 255
# More than one TLS record, or than the buffer of a socket.
LARGE_CHARS = 1_000_000


def people() -> Iterator[tuple[str, Attributes]]:
    """Yield all entries, parents first."""
    yield SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["E"]}
    for dn, ou in ((PEOPLE, "people"), (PUBLIC, "public"), (f"ou=ad,{SUFFIX}", "ad")):
        yield dn, {"objectClass": ["organizationalUnit"], "ou": [ou]}
    for dn in (READER, POOR):
        yield dn, _login(dn)
    for number in range(COUNT):
        yield _user(f"p{number}", f"person{number}@example.com", f"Person {number}")
    yield from _special()
    for index, local_part in enumerate(STRANGE):
        yield _user(f"strange{index}", f"{local_part}@example.com", f"Strange {index}")
    for address in FOREIGN:
        yield _user(address, None, f"Name of {address}")
    yield from _active_directory()


def _login(dn: str) -> Attributes:
    name = dn.partition("=")[2].partition(",")[0]
    return {
        "objectClass": ["organizationalRole", "simpleSecurityObject"],
        "cn": [name],
        "userPassword": [PASSWORD],
    }


def _special() -> Iterator[tuple[str, Attributes]]:
    yield _user(
        "several",
        "several@example.com",
        "Several",
        uid=["first.login", "second.login"],
        mail=["several@example.com", "other@example.com"],
        mailHost=["mx7.example.com"],
    )
    yield (
        f"sn=Deutsch,{PEOPLE}",
        {
            "objectClass": ["inetOrgPerson"],
            "sn": ["Deutsch"],
            "cn;lang-de": ["Jörg Müller"],
            "cn;lang-en": ["George Miller"],
            "uid": ["joerg"],
            "mail": ["deutsch@example.com"],
        },
    )
    yield _user("photo", "photo@example.com", "Photo", jpegPhoto=["\udcff\udcd8"])
    yield _user("large", "large@example.com", "Large", description=["x" * LARGE_CHARS])
    for uid in ("double1", "double2"):
        yield _user(uid, "double@example.com", "Double")
    for uid in ("triple1", "triple2", "triple3"):
        yield _user(uid, "triple@example.com", "Triple")
    yield _user("long", f"{LONG}@example.com", "Long")
    yield _user("open", "open@example.com", "Open to All", below=PUBLIC)


def _user(
    uid: str, mail: str | None, cn: str, /, *, below: str = PEOPLE, **more: list[str]
) -> tuple[str, Attributes]:
    values: dict[str, list[str]] = {
        "objectClass": ["inetOrgPerson", "inetLocalMailRecipient"],
        "uid": [uid],
        "cn": [cn],
        "sn": [cn],
    }
    if mail is not None:
        values["mail"] = [mail]
    values |= more
    return f"uid={values['uid'][0]},{below}", values


def _active_directory() -> Iterator[tuple[str, Attributes]]:
    """Yield a person as in Active Directory, and the other entries of its root."""
    yield (
        f"cn=Anna Beispiel,ou=ad,{SUFFIX}",
        {
            "objectClass": ["user"],
            "cn": ["Anna Beispiel"],
            "sn": ["Beispiel"],
            "displayName": ["Anna Beispiel"],
            "sAMAccountName": ["abeispiel"],
            "userPrincipalName": ["anna@corp.example.com"],
            "mail": ["anna@example.com"],
            "proxyAddresses": ["SMTP:anna@example.com", "smtp:a.beispiel@example.com"],
        },
    )
    # Each search from the root gets such references as well (RFC 4511 s4.5.3).
    for zone in ("ForestDnsZones", "DomainDnsZones"):
        yield (
            f"dc={zone},{SUFFIX}",
            {
                "objectClass": ["referral", "extensibleObject"],
                "dc": [zone],
                "ref": [f"ldap://{zone}.example.com/DC={zone},DC=example,DC=com"],
            },
        )
