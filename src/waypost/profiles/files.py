"""The paths of the files that profiles are signed with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from waypost.core.model import ProfileSettings


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """The paths of the certificate, its key and its chain, in PEM (RFC 7468).

    Attributes:
        certificate: the signer's, and optionally the chain after it.
        key: not encrypted, and readable only by its owner.
        chain: the certificates between the signer's and an authority; None if there are none,
            or if they are in the file with the signer's.
    """

    certificate: Path
    key: Path
    chain: Path | None = None

    @classmethod
    def of(cls, settings: ProfileSettings) -> Self | None:
        """Return the configured paths, or None."""
        signing = settings.signing
        if signing is None:
            return None
        chain = None if signing.chain is None else Path(signing.chain)
        return cls(Path(signing.cert), Path(signing.key), chain)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return all of the files."""
        return tuple(path for path in (self.certificate, self.key, self.chain) if path is not None)
