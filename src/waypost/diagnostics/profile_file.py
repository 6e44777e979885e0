"""Inspection of a configuration profile in a file: its signature and its content."""

import re
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from waypost.core.errors import ProfileError
from waypost.core.text_rules import printable
from waypost.parsing import cms, property_list

X509Certificate = x509.Certificate

TEXT_MAX_CHARS: Final = 256
_TEXT_PREFIXES: Final = (b"-----BEGIN CMS", b"-----BEGIN PKCS7", b"MIME-Version:", b"Content-Type:")
_SIGNED_AS_TEXT: Final = (
    "is signed as text (PEM or S/MIME), but devices need DER: sign with `-outform DER`"
)
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", flags=re.DOTALL
)


@dataclass(frozen=True, slots=True)
class InspectedPayload:
    """One payload of a profile, with the names that a device shows."""

    type: str
    name: str
    identifier: str


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """The result of inspecting a profile.

    Attributes:
        signer: the subject of the signer's certificate; None without a valid signature.
        valid_until: the end of validity of that certificate.
        chain: the names from the signer to a trusted authority; empty without a trusted chain.
        name, organization, identifier: of the profile; empty if it has none.
        payloads: the payloads of the profile.
        problems: what a device would warn about; empty if there is no problem.
    """

    signer: str | None
    valid_until: datetime | None
    chain: tuple[str, ...]
    name: str
    organization: str
    identifier: str
    payloads: tuple[InspectedPayload, ...]
    problems: tuple[str, ...]


def inspect(data: bytes, trusted: Sequence[X509Certificate], now: datetime) -> ProfileReport:
    """Return what is in a profile, signed or not, and its problems.

    Args:
        data: the bytes of the file.
        trusted: the certificates of the authorities to trust.
        now: the time, with its zone.

    Raises:
        ProfileError: it is no profile.
    """
    problems: list[str] = []
    signed: cms.SignedContent | None = None
    chain: tuple[str, ...] = ()
    content = data
    if cms.is_encrypted(data):
        raise ProfileError("is encrypted: only its device can read it")
    if data.lstrip().startswith(_TEXT_PREFIXES):
        raise ProfileError(_SIGNED_AS_TEXT)
    if cms.is_signed(data):
        content = _signed_content(data)
        try:
            signed = cms.verify(data)
            chain = _trusted_chain(signed, trusted, now)
        except cms.CmsError as error:
            problems.append(f"signature: {error}")
        except VerificationError:
            problems.append(_trust_problem(signed, now))
    else:
        problems.append("signature: there is none; a device shows the profile as not signed")
    profile = _profile(content)
    return ProfileReport(
        signer=None if signed is None else _name(signed.signer),
        valid_until=None if signed is None else signed.signer.not_valid_after_utc,
        chain=chain,
        name=_text(profile, "PayloadDisplayName"),
        organization=_text(profile, "PayloadOrganization"),
        identifier=_text(profile, "PayloadIdentifier"),
        payloads=tuple(_payloads(profile)),
        problems=tuple(problems),
    )


def read_authorities(raw: bytes) -> list[X509Certificate]:
    """Read certificates to trust, without those that the library cannot read.

    Args:
        raw: PEM. The certificates of a system include a few that are not valid.

    Raises:
        ProfileError: there is no usable certificate.
    """
    certificates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of serial numbers that RFC 5280 forbids
        for certificate in _PEM.findall(raw):
            # The library raises TypeError for a BIT STRING as the value of any name but one.
            with suppress(ValueError, TypeError, x509.InvalidVersion):
                authority = x509.load_pem_x509_certificate(certificate)
                _ = authority.subject  # It is parsed when it is first used.
                certificates.append(authority)
    if not certificates:
        raise ProfileError("contains no usable certificate in PEM form")
    return certificates


def _trusted_chain(
    signed: cms.SignedContent, trusted: Sequence[X509Certificate], now: datetime
) -> tuple[str, ...]:
    """Return the names of the chain up to a trusted authority (RFC 5280 s6)."""
    if not trusted:
        raise cms.CmsError("this machine trusts no certificate authority; set one with --ca")
    verifier = (
        PolicyBuilder()
        .store(Store(list(trusted)))
        .time(now)
        .extension_policies(
            ca_policy=_authority_policy(),
            # Devices accept a web server's certificate as well as one for mail or for code.
            ee_policy=ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    verified = verifier.verify(signed.signer, list(signed.others))
    return tuple(_name(certificate) for certificate in verified.chain)


def _authority_policy() -> ExtensionPolicy:
    """Return a policy that requires of an authority what RFC 5280 s6.1.4 does, as browsers do not.

    An operator's own authority, made with few options of OpenSSL, has no KeyUsage.
    """
    policy = ExtensionPolicy.webpki_defaults_ca()
    policy = policy.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign_certificates)
    for extension in (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier):
        policy = policy.may_be_present(extension, Criticality.AGNOSTIC, None)
    return policy


def _may_sign_certificates(
    _policy: object, _certificate: X509Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:  # s6.1.4 (n)
        raise ValueError("the key is not for certificates")


def _signed_content(data: bytes) -> bytes:
    try:
        return cms.content_of(data)
    except cms.CmsError as error:
        raise ProfileError(f"begins as a signed profile, but cannot be read: {error}") from error


def _trust_problem(signed: cms.SignedContent | None, now: datetime) -> str:
    for certificate in () if signed is None else (signed.signer, *signed.others):
        whose = f"signature: the certificate of {_name(certificate)}"
        if certificate.not_valid_after_utc < now:
            return f"{whose} expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        if certificate.not_valid_before_utc > now:
            return (
                f"{whose} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
            )
        if certificate.version != x509.Version.v3:
            # RFC 5280 s4.1.2.1
            return f"{whose} is not of X.509 version 3, so it does not say what it may be used for"
    missing = "" if signed is None else _missing_issuer(signed)
    return (
        f"signature: the certificate chain is not trusted{missing}; --ca adds a trusted authority"
    )


def _missing_issuer(signed: cms.SignedContent) -> str:
    """Return the issuer whose certificate is missing, for a chain that ends too early."""
    last = signed.signer
    others = {certificate.subject: certificate for certificate in signed.others}
    while (issuer_certificate := others.pop(last.issuer, None)) is not None:
        last = issuer_certificate
    if last.issuer == last.subject:
        return ""
    issuer = last.issuer.rfc4514_string()
    missing = f"{_shown(issuer)}, the issuer of {_name(last)}"
    return f": the certificate of {missing}, is not in the file"


def _profile(content: bytes) -> dict[str, Any]:
    try:
        profile = property_list.parse(content)
    except property_list.NotAPropertyList as error:
        raise ProfileError("is neither a property list nor a signed one") from error
    if not isinstance(profile, dict) or not isinstance(profile.get("PayloadContent"), list):
        raise ProfileError("is a property list, but no profile: PayloadContent is missing")
    return profile


def _payloads(profile: dict[str, Any]) -> Iterable[InspectedPayload]:
    for payload in profile["PayloadContent"]:
        if not isinstance(payload, dict):
            raise ProfileError("is no profile: one of its payloads is not a dictionary")
        names = ("EmailAddress", "CalDAVAccountDescription", "CardDAVAccountDescription")
        name = next((_text(payload, key) for key in names if key in payload), "")
        yield InspectedPayload(
            _text(payload, "PayloadType"),
            name or _text(payload, "PayloadDisplayName"),
            _text(payload, "PayloadIdentifier"),
        )


def _name(certificate: X509Certificate) -> str:
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = common[0].value if common else certificate.subject.rfc4514_string()
    return _shown(text if isinstance(text, str) else certificate.subject.rfc4514_string())


def _text(dictionary: dict[str, Any], key: str) -> str:
    value = dictionary.get(key, "")
    return _shown(value) if isinstance(value, str) else ""


def _shown(text: str) -> str:
    return printable(text[:TEXT_MAX_CHARS])
