"""Addresses and domain names: accepted input, its normalized form, and rules for the rest."""

from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.address import ADDRESS_MAX_BYTES, SEPARATORS, DomainName, EmailAddress
from waypost.core.errors import AddressError, DomainError

LABEL_63 = "x" * 63
DOMAIN_253 = ".".join([LABEL_63, LABEL_63, LABEL_63, "y" * 61])

GOOD_DOMAINS = [
    ("example.com", "example.com"),
    ("EXAMPLE.Com", "example.com"),
    ("example.com.", "example.com"),
    (" example.com\t", "example.com"),
    ("localhost", "localhost"),
    ("a-b.c--d.example", "a-b.c--d.example"),
    ("123.example", "123.example"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    ("bu\u0308cher.example", "xn--bcher-kva.example"),  # codespell:ignore bu
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("XN--BCHER-KVA.EXAMPLE", "xn--bcher-kva.example"),
    ("faß.example", "xn--fa-hia.example"),
    ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
    ("ｅｘａｍｐｌｅ．com", "example.com"),
    (f"{LABEL_63}.example", f"{LABEL_63}.example"),
    (DOMAIN_253, DOMAIN_253),
    # A-labels that are invalid in IDNA 2008: an emoji, no Punycode, one that maps to another
    ("xn--i-7iq.ws", "xn--i-7iq.ws"),
    ("XN--ABC.example", "xn--abc.example"),
    ("xn--zzzzzz.example", "xn--zzzzzz.example"),
    ("xn--Bcher-kva8445foa.example", "xn--bcher-kva8445foa.example"),
    # invisible characters at the ends
    ("\ufeffexample.com\u200b", "example.com"),
    ("\u00a0example.com\u202f", "example.com"),
    ("\u2066example.com\u2069", "example.com"),
    # a joiner inside a word (RFC 5892 A.1)
    ("क्\u200cष.example", "xn--11b2ezcs70k.example"),
]

BAD_DOMAINS = [
    ("", "empty"),
    (".", "empty"),
    ("..", "empty label"),
    (".example.com", "empty label"),
    ("example..com", "empty label"),
    ("example.com..", "empty label"),
    (f"{LABEL_63}x.example", "longer than 63"),
    ("ü" * 60 + ".example", "longer than 63"),
    (f"{DOMAIN_253}y", "longer than 253"),
    ("x" * 10_000, "longer than 253"),
    ("-x.example", "letters, digits and inner hyphens"),
    ("x-.example", "letters, digits and inner hyphens"),
    ("a_b.example", "letters, digits and inner hyphens"),
    ("a b.example", "letters, digits and inner hyphens"),
    ("example.com:443", "letters, digits and inner hyphens"),
    ("exa\x00mple.com", "letters, digits and inner hyphens"),
    ("exam'ple.com", "letters, digits and inner hyphens"),
    ("*.example.com", "letters, digits and inner hyphens"),
    ("[192.0.2.1]", "letters, digits and inner hyphens"),
    ("192.0.2.1", "ends in a number"),
    ("☕.example", "IDNA 2008; write it as an A-label"),
    ("xn--.example", "letters, digits and inner hyphens"),
    ("xn--a_b.example", "letters, digits and inner hyphens"),
    (f"xn--{LABEL_63}.example", "longer than 63"),
    ("xn--☕.example", "IDNA 2008"),
    ("a\u202eb.example", r"U\+202E RIGHT-TO-LEFT OVERRIDE"),
    ("exam\u200bple.com", r"U\+200B ZERO WIDTH SPACE"),
    ("example.\u00adcom", r"U\+00AD SOFT HYPHEN"),
    ("exam\u00a0ple.com", r"U\+00A0 NO-BREAK SPACE"),
    ("⒈example.com", "IDNA 2008"),
]

GOOD_ADDRESSES = [
    ("alice@example.com", "alice", "example.com"),
    (" alice@example.com ", "alice", "example.com"),
    ("Alice.Smith@EXAMPLE.COM", "Alice.Smith", "example.com"),
    ("alice+tag@example.com", "alice+tag", "example.com"),
    ("ä€😀@bücher.example", "ä€😀", "xn--bcher-kva.example"),
    ('"a b"@example.com', '"a b"', "example.com"),
    ('"a@b"@example.com', '"a@b"', "example.com"),
    ('"*)(uid=*"@example.com', '"*)(uid=*"', "example.com"),
    ("x'OR'1'='1@example.com", "x'OR'1'='1", "example.com"),
    ('"<&>"@example.com', '"<&>"', "example.com"),
    (f"a{SEPARATORS}@example.com", f"a{SEPARATORS}", "example.com"),
    ("a..b.@example.com", "a..b.", "example.com"),
    ("\ufeff\u00a0alice@example.com\u200b ", "alice", "example.com"),
    ("\u202aalice@example.com\u202c", "alice", "example.com"),
    ("نامه\u200cای@example.com", "نامه\u200cای", "example.com"),
    ("👩\u200d💻@example.com", "👩\u200d💻", "example.com"),
    ("mailto:alice@example.com", "alice", "example.com"),
    (" MailTo: alice@example.com", "alice", "example.com"),
    ("smtp:alice@example.com", "alice", "example.com"),
    ("SMTP:alice@example.com", "alice", "example.com"),
    ("50%@example.com", "50%", "example.com"),
    # text that people copy with an address, as lines of a file or links of a page
    ("alice@example.com\r\n\u200b", "alice", "example.com"),
    ("mailto:alice@example.com?subject=Hello&cc=bob@example.com", "alice", "example.com"),
    ("mailto:alice%2Btag%40example.com", "alice+tag", "example.com"),
    ("mailto:%C3%A9lan@b%C3%BCcher.example", "élan", "xn--bcher-kva.example"),
    ("mailto:50%25@example.com", "50%", "example.com"),
    ("mailto:what%3F@example.com?", "what?", "example.com"),
    ("smtp:50%25@example.com", "50%25", "example.com"),
    ("what?@example.com", "what?", "example.com"),
]

BAD_ADDRESSES = [
    ("", "no @"),
    ("alice", "no @"),
    ("@example.com", "before the @ is empty"),
    ("alice@", "domain is empty"),
    ("alice@.com", "empty label"),
    ("alice@example.com>", "letters, digits and inner hyphens"),
    ("a" * 243 + "@example.com", "longer than 254"),
    ("ü" * 122 + "@example.com", "longer than 254"),
    ("a" * 100_000 + "@example.com", "longer than 254"),
    ("al\x00ice@example.com", "control character"),
    ("al\nice@example.com", "control character"),
    ("mailto:al%0Aice@example.com", "control character"),
    ("mailto:al%E2%80%8Bice@example.com", r"U\+200B ZERO WIDTH SPACE"),
    ("mailto:al%20ice@example.com", "space and no quotation marks"),
    ("mailto:%FFalice", "no @"),
    ("mailto:?subject=alice@example.com", "no @"),
    ("mailto:alice@example.com,bob@example.com", "quotation marks"),
    ("al\x7fice@example.com", "control character"),
    ("al\x85ice@example.com", "control character"),
    ("al\u2028ice@example.com", "control character"),
    ("al\ud800ice@example.com", "control character"),
    ("al\uffffice@example.com", "control character"),
    ("al\ufdd0ice@example.com", "control character"),
    ("al ice@example.com", "space and no quotation marks"),
    ("al\u3000ice@example.com", "space and no quotation marks"),
    ("al\u00a0ice@example.com", r"U\+00A0 NO-BREAK SPACE"),
    ("al\u202fice@example.com", r"U\+202F NARROW NO-BREAK SPACE"),
    ("al\u200bice@example.com", r"U\+200B ZERO WIDTH SPACE"),
    ("alice\u200b@example.com", r"U\+200B ZERO WIDTH SPACE"),
    ("alice@\ufeffexample.com", r"U\+FEFF ZERO WIDTH NO-BREAK SPACE"),
    ("al\u202eice@example.com", r"U\+202E RIGHT-TO-LEFT OVERRIDE"),
    ("al\u00adice@example.com", r"U\+00AD SOFT HYPHEN"),
    ("al\u061cice@example.com", r"U\+061C ARABIC LETTER MARK"),
    ("al\U000e0041ice@example.com", r"U\+E0041 TAG LATIN CAPITAL LETTER A"),
    ('"al\u200bice"@example.com', r"U\+200B ZERO WIDTH SPACE"),
    ("a@b@example.com", "has @ and no quotation marks"),
    ("<alice@example.com", "has < and no quotation marks"),
    ("*)(uid=*@example.com", r"has \) and no quotation marks"),
    ("a:b@example.com", "has : and no quotation marks"),
    ("mailto:mailto:a@example.com", "has : and no quotation marks"),
    ("a,b@example.com", "has , and no quotation marks"),
    (r"a\b@example.com", r"has \\ and no quotation marks"),
    ("mailto:", "no @"),
    ("mailto:@example.com", "before the @ is empty"),
    ("https:alice@example.com", "has : and no quotation marks"),
    ('"alice@example.com', "unpaired quotation mark"),
    ('"@example.com', "unpaired quotation mark"),
    ("%EMAILADDRESS%@example.com", "placeholder"),
    ("x%emaildomain%@example.com", "placeholder"),
]


@pytest.mark.rule("addresses-domain-in-any-case", "addresses-u-labels")
@pytest.mark.parametrize(("text", "expected"), GOOD_DOMAINS)
def test_good_domain(text: str, expected: str) -> None:
    """A valid domain is read in any form and becomes lower-case A-labels."""
    assert DomainName.parse(text).ascii == expected


@pytest.mark.rule("addresses-refused")
@pytest.mark.parametrize(("text", "rule"), BAD_DOMAINS)
def test_bad_domain(text: str, rule: str) -> None:
    """An invalid domain is refused with the rule that it breaks."""
    with pytest.raises(DomainError, match=rule):
        DomainName.parse(text)


@pytest.mark.rule("addresses-local-part-kept", "addresses-last-at", "addresses-smtputf8")
@pytest.mark.parametrize(("text", "local_part", "domain"), GOOD_ADDRESSES)
def test_good_address(text: str, local_part: str, domain: str) -> None:
    """A valid address keeps its local part unchanged, and its domain is normalized."""
    address = EmailAddress.parse(text)

    assert (local_part, domain) == (address.local_part, address.domain.ascii)


@pytest.mark.rule("addresses-refused")
@pytest.mark.parametrize(("text", "rule"), BAD_ADDRESSES)
def test_bad_address(text: str, rule: str) -> None:
    """An invalid address is refused with the rule that it breaks."""
    with pytest.raises(AddressError, match=rule):
        EmailAddress.parse(text)


@pytest.mark.rule("addresses-encoded-twice")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("alice%40example.com", "alice@example.com"),
        ("alice%2Btag%40example.com", "alice+tag@example.com"),
        ("b%C3%BCb%40example.com", "büb@example.com"),
        # The meaning is clear without decoding.
        ("100%40@example.com", "100%40@example.com"),
        ("%2Balice@example.com", "%2Balice@example.com"),
    ],
)
def test_encoded_twice(text: str, address: str) -> None:
    """Only an address with an encoded @ and no other @ is decoded a second time."""
    assert address == str(EmailAddress.parse_query(text))


@pytest.mark.parametrize("text", ["alice%2540example.com", "%FC%40example.com", "%40example.com"])
def test_undecodable_addresses_are_refused(text: str) -> None:
    """A text that is still not an address is refused."""
    with pytest.raises(AddressError):
        EmailAddress.parse_query(text)


@pytest.mark.rule("addresses-longest")
def test_address_of_the_longest_length() -> None:
    """An address of exactly 254 bytes is accepted."""
    text = "a" * (ADDRESS_MAX_BYTES - len("@example.com")) + "@example.com"

    assert text == str(EmailAddress.parse(text))


DETAILS = [
    # separators, local part, local part of the user
    ("", "alice+shop", "alice+shop"),
    ("+", "alice", "alice"),
    ("+", "alice+shop", "alice"),
    ("+", "alice+shop+more", "alice"),
    ("+", "alice+", "alice"),
    ("+", "Alice-shop", "Alice-shop"),
    ("+-", "Alice-shop+more", "Alice"),
    ("-+", "alice+shop-more", "alice"),
    ("+", "+alice", "+alice"),
    ("+", "++alice", "+"),
    ("+", "+alice+shop", "+alice"),
    ("+", "δοκιμή+ü", "δοκιμή"),
    ("+", '"alice+shop"', '"alice+shop"'),
]


@pytest.mark.rule("addresses-login-without-tag")
@pytest.mark.parametrize(("separators", "local_part", "user"), DETAILS)
def test_detail(separators: str, local_part: str, user: str) -> None:
    """A detail follows the first separator that has a user in front of it."""
    address = EmailAddress.parse(f"{local_part}@Example.com")

    assert str(address.without_detail(separators)) == f"{user}@example.com"


@given(st.text(min_size=1, max_size=40), st.sampled_from(["+", "-_", SEPARATORS]))
def test_address_without_detail_is_valid(local_part: str, separators: str) -> None:
    """The result is an address whose only other detail follows its first character."""
    try:
        address = EmailAddress.parse(f"{local_part}@example.com")
    except AddressError:
        return
    user = address.without_detail(separators)

    assert EmailAddress.parse(str(user)) == user
    assert user.without_detail(separators) == user


PLAIN = ("alice", "A.b-c_d", "0", "EVOLUTIONUSER")
NOT_PLAIN = ("a&b", "a+b", "a|b", "a'b", '"a"', "a/b", "a%b", "a=b", "ü", "a~b", "{a}")


@pytest.mark.parametrize(
    ("local_part", "plain"), [*((one, True) for one in PLAIN), *((one, False) for one in NOT_PLAIN)]
)
def test_plain(local_part: str, plain: bool) -> None:
    """A plain local part is one that no document escapes, encodes or changes."""
    assert EmailAddress.parse(f"{local_part}@example.com").is_plain is plain
    if plain:
        assert quote(local_part, safe="+") == escape(local_part) == local_part


def test_unicode_form() -> None:
    """The form for people has U-labels."""
    assert DomainName.parse("xn--bcher-kva.example").unicode == "bücher.example"
    assert DomainName.parse("example.com").unicode == "example.com"
    # An invalid A-label has no other form.
    assert DomainName.parse("xn--abc.xn--bcher-kva.example").unicode == "xn--abc.bücher.example"


def test_parents() -> None:
    """The parent domains come from the nearest to the last label."""
    parents = [parent.ascii for parent in DomainName.parse("a.b.example.com").parents()]

    assert parents == ["b.example.com", "example.com", "com"]


@given(st.text(max_size=300))
def test_parsed_domains_parse_to_themselves(text: str) -> None:
    """Any text is refused, or becomes a name that parses to itself."""
    try:
        name = DomainName.parse(text)
    except DomainError:
        return
    assert name == DomainName.parse(name.ascii)
    assert name == DomainName.parse(name.unicode)
    assert name.ascii == name.ascii.lower()
    assert len(name.ascii) <= 253
    assert all(1 <= len(label) <= 63 for label in name.ascii.split("."))


@given(st.text(max_size=300))
def test_parsed_addresses_parse_to_themselves(text: str) -> None:
    """Any text is refused, or becomes an address that parses to itself."""
    try:
        address = EmailAddress.parse(text)
    except AddressError:
        return
    assert address == EmailAddress.parse(str(address))
    assert len(str(address).encode()) <= ADDRESS_MAX_BYTES


@pytest.mark.rule("addresses-local-part-kept", "addresses-smtputf8")
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "S")), min_size=1, max_size=60))
def test_local_part_is_unchanged(local_part: str) -> None:
    """A local part of letters, digits and symbols stays unchanged."""
    needs_quotes = any(char in "<>" for char in local_part)
    given_part = f'"{local_part}"' if needs_quotes else local_part

    assert given_part == EmailAddress.parse(f"{given_part}@example.com").local_part


@pytest.mark.rule("addresses-invisible")
@given(st.text("\ufeff\u200b\u00a0\u202f\u2007\u2060\u200d\u200c\u3000 \t", max_size=8))
def test_invisible_ends(blanks: str) -> None:
    """Invisible characters around an address or a domain are ignored."""
    assert str(EmailAddress.parse(f"{blanks}alice@example.com{blanks}")) == "alice@example.com"
    assert DomainName.parse(f"{blanks}example.com{blanks}").ascii == "example.com"
