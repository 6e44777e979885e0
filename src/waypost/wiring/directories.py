"""The directories that look up login names, each opened for its first request."""

from functools import partial

from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.directory.resilient import UserCacheLimits
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings


def open_directories(settings: Settings, metrics: Metrics | None = None) -> Directories:
    """Return the directories as a server has them; each is opened for its first request.

    Args:
        settings: all options.
        metrics: the metrics of a worker; None to count without showing them.
    """
    cache_limits = UserCacheLimits(
        size=settings.directory_cache_size,
        stale_if_error_seconds=settings.stale_if_error,
    )
    ca_file = None if settings.ldap_ca_file is None else str(settings.ldap_ca_file)
    opener = partial(open_directory, ldap_ca_file=ca_file)
    return Directories(opener, cache_limits=cache_limits, metrics=metrics or Metrics())
