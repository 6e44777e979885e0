"""Every way in which Waypost says no.

One base class, one class for each cause. `code` is stable: logs, JSON answers and tests use it.
`temporary` tells whether the same request may succeed later without anyone changing anything.
The text of an error is written for the person who can act on it and never holds a secret.
"""

from collections.abc import Iterable
from typing import ClassVar


class WaypostError(Exception):
    """The base of all errors that Waypost raises on purpose."""

    code: ClassVar[str] = "error"
    temporary: ClassVar[bool] = False


class AddressError(WaypostError, ValueError):
    """A text is not an email address; the message names the rule that it breaks."""

    code = "bad_address"


class DomainError(AddressError):
    """A text is not a domain name; the message names the rule that it breaks."""

    code = "bad_domain"


class RequestError(WaypostError):
    """A client's request cannot be understood, and asking again will not help."""

    code = "bad_request"


class RequestTooLarge(RequestError):
    """A client's request is longer than Waypost reads."""

    code = "too_large"


class ParameterMissing(RequestError):
    """A client's request lacks what must be in it; the message is the name of that."""

    code = "parameter_missing"


class UnknownProtocol(RequestError):
    """An Autodiscover V2 client asks for a protocol that nobody knows."""

    code = "unknown_protocol"


class UnknownSchema(RequestError):
    """An Autodiscover client wants an answer in a schema that Waypost does not write."""

    code = "unknown_schema"


class RemovalRefused(WaypostError):
    """A change would take more domains out of service than it may.

    Attributes:
        removed: how many.
    """

    code = "removal_refused"

    def __init__(self, message: str, removed: int) -> None:
        """Take what people read, and the number of domains."""
        super().__init__(message)
        self.removed = removed


class DomainNotServed(WaypostError):
    """No configuration matches the domain that was asked for."""

    code = "not_served"


class DomainMoved(DomainNotServed):
    """The mail of the domain is elsewhere, and it is known where. At most one of the two is given.

    Attributes:
        address_domain: where the same local part is the user's new address.
        url: the https URL of the Autodiscover that knows the domain.
    """

    code = "moved"

    def __init__(self, message: str, address_domain: str | None, url: str | None) -> None:
        """Take what people read, and where the domain is."""
        super().__init__(message)
        self.address_domain = address_domain
        self.url = url


class NoUsableService(WaypostError):
    """The domain is served, but a format cannot say anything useful about its services.

    An answer that a client cannot use would end the client's search, so it must not be given.
    """

    code = "no_usable_service"


class HalfConfigured(NoUsableService):
    """The domain has incoming mail but no outgoing, or the reverse: the operator must mend it."""

    code = "half_configured"


class ServiceNotOffered(WaypostError):
    """The domain is served, but it has no service of the kind that the client asks for."""

    code = "not_offered"


class UserDeclined(DomainNotServed):
    """The domain is served, but the directory does not know the user, and the operator says no."""

    code = "unknown_user"


class SigningUnavailable(WaypostError):
    """Profiles are to be signed, and cannot be; none goes out unsigned."""

    code = "signing_unavailable"
    temporary = True


class ProfileError(WaypostError):
    """A file that shall be a configuration profile is none."""

    code = "bad_profile"


class DirectoryUnavailable(WaypostError):
    """The directory does not answer, or not in time; asking later may help."""

    code = "directory_unavailable"
    temporary = True


class DirectoryBusy(DirectoryUnavailable):
    """The directory is asked as much as it may be."""

    code = "directory_busy"


class DirectoryError(WaypostError):
    """The directory answers, but must be mended first, or what Waypost was told of it."""

    code = "directory_error"


class NamesUnavailable(WaypostError):
    """No name server gives an answer about a name; asking later may help."""

    code = "names_unavailable"
    temporary = True


class FetchError(WaypostError):
    """A document cannot be fetched by its URL; the message names the URL and the reason."""

    code = "fetch_failed"


class StoreUnavailable(WaypostError):
    """The database does not answer, and no earlier answer is known."""

    code = "store_unavailable"
    temporary = True


class StoreBusy(StoreUnavailable):
    """The database is asked as much as it may be, so this question must come again later."""

    code = "store_busy"


class StoreError(WaypostError):
    """The database answers, but cannot be used as it is: a missing table, a driver, a wrong URI."""

    code = "store_error"


class ProblemsError(WaypostError):
    """Several mistakes in one input, all of them told at once."""

    code = "problems"

    def __init__(self, problems: Iterable[str]) -> None:
        """Take the mistakes, each one line that names its place and its rule."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["ProblemsError"], tuple[tuple[str, ...]]]:
        """Survive the way from one process to another with the list intact."""
        return type(self), (self.problems,)


class SettingsError(ProblemsError):
    """Options that are unknown, contradict each other or have values that are not allowed."""

    code = "bad_settings"


class SettingsUnreadable(SettingsError):
    """The system does not let a file be read that an option names; trying again may help."""

    temporary = True


class ProvidersError(ProblemsError):
    """Mistakes in a providers file or in an automx2 seed."""

    code = "bad_providers"


class ProvidersUnreadable(ProvidersError):
    """The system does not let a file be read that providers come from; trying again may help."""

    temporary = True


class ProvidersNotReady(ProvidersError):
    """A providers file is good, but names a certificate or key that cannot be used yet.

    These files, or the clock of the machine, may change while the providers file stays as it is.
    """

    temporary = True
