"""Where the files are that profiles are signed with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from waypost.model import ProfileSettings


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """Where the certificate, its key and its chain are, in PEM (RFC 7468).

    Attributes:
        certificate: the signer's, and perhaps the chain behind it.
        key: not encrypted, and readable by its owner alone.
        chain: the certificates between the signer's and an authority; None where there are none,
            or where they stand behind the signer's.
    """

    certificate: Path
    key: Path
    chain: Path | None = None

    @classmethod
    def of(cls, settings: ProfileSettings) -> Self | None:
        """Return those that are named, or None."""
        named = settings.signing
        if named is None:
            return None
        chain = None if named.chain is None else Path(named.chain)
        return cls(Path(named.cert), Path(named.key), chain)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return all of the files."""
        return tuple(path for path in (self.certificate, self.key, self.chain) if path is not None)
