"""All errors that Waypost raises.

One base class, one class for each cause. `code` is stable: logs, JSON answers and tests use it.
`temporary` says whether the same request may succeed later without any change.
The text of an error is for the person who can act on it, and never contains a secret.
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
    """A client's request is invalid, and a retry will not succeed."""

    code = "bad_request"


class RequestTooLarge(RequestError):
    """A client's request is longer than the limit."""

    code = "too_large"

    def __init__(self, max_bytes: int) -> None:
        """Create the error with the limit."""
        super().__init__(f"the request is longer than {max_bytes} bytes")


class ParameterMissing(RequestError):
    """A client's request lacks a parameter; the message is its name."""

    code = "parameter_missing"


class UnknownProtocol(RequestError):
    """An Autodiscover V2 client requests an unknown protocol."""

    code = "unknown_protocol"


class UnknownSchema(RequestError):
    """An Autodiscover client requests an answer in a schema that Waypost does not support."""

    code = "unknown_schema"


class RemovalRefused(WaypostError):
    """A change would remove more domains than allowed.

    Attributes:
        removed: the number of domains.
    """

    code = "removal_refused"

    def __init__(self, message: str, removed: int) -> None:
        """Create the error with a message and the number of domains."""
        super().__init__(message)
        self.removed = removed


class DomainNotServed(WaypostError):
    """No configuration matches the requested domain."""

    code = "not_served"


class DomainUnknown(DomainNotServed):
    """No entry matches the domain."""


class DomainMoved(DomainNotServed):
    """The mail of the domain is elsewhere, at a known place. At most one of the two is given.

    Attributes:
        address_domain: the domain of the user's new address, with the same local part.
        url: the https URL of the Autodiscover server for the domain.
    """

    code = "moved"

    def __init__(self, message: str, address_domain: str | None, url: str | None) -> None:
        """Create the error with a message and the redirect."""
        super().__init__(message)
        self.address_domain = address_domain
        self.url = url


class NoUsableService(WaypostError):
    """The domain is served, but a format cannot describe any of its services.

    An answer that a client cannot use would end the client's search, so it must not be sent.
    """

    code = "no_usable_service"


class IncompleteMailService(NoUsableService):
    """The domain has incoming mail but no outgoing, or the reverse; the operator must fix it."""

    code = "half_configured"


class ServiceNotOffered(WaypostError):
    """The domain is served, but it has no service of the requested kind."""

    code = "not_offered"


class UserDeclined(DomainNotServed):
    """The directory does not know the user, and the operator declines unknown users."""

    code = "unknown_user"


class SigningUnavailable(WaypostError):
    """Profiles must be signed, but signing fails; no profile is sent unsigned."""

    code = "signing_unavailable"
    temporary = True


class ProfileError(WaypostError):
    """A file is not a configuration profile."""

    code = "bad_profile"


class DirectoryUnavailable(WaypostError):
    """The directory does not answer, or not in time; a retry may succeed."""

    code = "directory_unavailable"
    temporary = True


class DirectoryBusy(DirectoryUnavailable):
    """The directory has reached its limit of searches; a retry may succeed."""

    code = "directory_busy"


class DirectoryError(WaypostError):
    """The directory answers, but the operator must fix it or its configuration."""

    code = "directory_error"


class LinkInvalid(WaypostError):
    """A setup link is forged, expired, used up or revoked; nothing says which of these."""

    code = "link_invalid"


class LinkBusy(WaypostError):
    """Another device is using a setup link at this moment."""

    code = "link_busy"
    temporary = True


class LinkError(WaypostError):
    """A setup link cannot be created as requested."""

    code = "bad_link"


class NamesUnavailable(WaypostError):
    """No name server answers a query; a retry may succeed."""

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
    """The store has reached its limit of queries; a retry may succeed."""

    code = "store_busy"


class StoreError(WaypostError):
    """The database cannot be used: a table or a driver is missing, or the URI is wrong."""

    code = "store_error"


class DowngradeRefused(StoreError):
    """An older version of Waypost has no place for values in the database."""

    code = "downgrade_refused"


class ProblemsError(WaypostError):
    """Several mistakes in one input, all reported at once."""

    code = "problems"

    def __init__(self, problems: Iterable[str]) -> None:
        """Create the error with the mistakes, each one line that names its place and its rule."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["ProblemsError"], tuple[object, ...]]:
        """Return the parts for pickling, so that another process gets the same list."""
        return type(self), (self.problems,)


class SettingsError(ProblemsError):
    """Options that are unknown, contradict each other or have values that are not allowed."""

    code = "bad_settings"


class SettingsUnreadable(SettingsError):
    """The system refuses to read a file that an option names; a retry may succeed."""

    temporary = True


class ProvidersError(ProblemsError):
    """Mistakes in a providers file or in an automx2 seed."""

    code = "bad_providers"


class ProvidersUnreadable(ProvidersError):
    """The system refuses to read a file of providers; a retry may succeed."""

    temporary = True


class ProvidersNotReady(ProvidersError):
    """A providers file is good, but names a certificate or key that cannot be used yet.

    These files, or the clock of the machine, may change while the providers file stays as it is.
    """

    temporary = True


class AdminError(WaypostError):
    """A request of an administrator cannot be carried out."""

    code = "admin_error"


class ObjectNotFound(AdminError):
    """There is no such object, or the principal must not see it."""

    code = "not_found"


class AccessForbidden(AdminError):
    """The principal must not make this change, whether the object exists or not."""

    code = "forbidden"


class VersionConflict(AdminError):
    """The object is not the version that the change was made for.

    Attributes:
        expected: the version that the change was made for; None if the object must not exist.
        current: the version of the object; None if there is none.
    """

    code = "version_conflict"

    def __init__(self, message: str, expected: str | None, current: str | None) -> None:
        """Create the error with both versions."""
        super().__init__(message)
        self.expected = expected
        self.current = current


class InvalidObject(ProblemsError):
    """Mistakes in an object that an administrator sends.

    Attributes:
        mistakes: the path of each mistake, such as `services[0].port`, and the broken rule.
    """

    code = "invalid"

    def __init__(self, mistakes: Iterable[tuple[str, str]]) -> None:
        """Create the error with pairs of a path, "" for the whole object, and a rule."""
        self.mistakes = tuple(mistakes)
        super().__init__(f"{path}: {rule}" if path else rule for path, rule in self.mistakes)

    def __reduce__(self) -> tuple[type["InvalidObject"], tuple[object, ...]]:
        """Return the parts for pickling."""
        return type(self), (self.mistakes,)


class StoreReadOnly(AdminError):
    """The domains are in a providers file, which only the operator changes.

    Attributes:
        path: the file; None for the samples.
    """

    code = "read_only"

    def __init__(self, message: str, path: str | None) -> None:
        """Create the error with the path of the file."""
        super().__init__(message)
        self.path = path


class ConfirmationNeeded(AdminError):
    """A change would also change other objects; it must be confirmed.

    Attributes:
        affected: the first names of the other objects.
        count: the number of the other objects.
    """

    code = "confirmation_needed"

    def __init__(self, message: str, affected: Iterable[str], count: int) -> None:
        """Create the error with what else would change."""
        super().__init__(message)
        self.affected = tuple(affected)
        self.count = count


class ObjectInUse(AdminError):
    """An object cannot be deleted, because other objects refer to it.

    Attributes:
        affected: the first names of the other objects, as far as they may be named.
    """

    code = "in_use"

    def __init__(self, message: str, affected: Iterable[str] = ()) -> None:
        """Create the error with the objects that refer to it."""
        super().__init__(message)
        self.affected = tuple(affected)


class UndoRefused(AdminError):
    """A change cannot be undone; the message says why."""

    code = "undo_refused"
