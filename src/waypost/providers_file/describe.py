"""Describe a service in one line, for operators."""

from collections.abc import Iterator

from waypost.core.model import (
    ALL_FORMATS,
    EMAIL_ADDRESS,
    Pop3Options,
    Service,
    UrlEndpoint,
    default_authentication,
)
from waypost.providers_file.models.service_rules import sorted_format_names


def describe(service: Service) -> str:
    """Return a service in one line: `imap imap.example.com:993 tls`, then its unusual values."""
    endpoint = service.endpoint
    default = default_authentication(service.type, has_url=isinstance(endpoint, UrlEndpoint))
    if isinstance(endpoint, UrlEndpoint):
        parts = [service.type.value, endpoint.url]
    else:
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        parts = [service.type.value, f"{host}:{endpoint.port}", endpoint.security.value]
    if service.authentication != (default,):
        parts.append(
            f"authentication {', '.join(str(method) for method in service.authentication)}"
        )
    if service.login_name is None:
        parts.append("login name asked by client")
    elif service.login_name != EMAIL_ADDRESS:
        parts.append(f"login name {service.login_name}")
    if service.priority is not None:
        parts.append(f"priority {service.priority}")
    if service.domain_required:
        parts.append("domain required")
    parts += _pop3(service.pop3)
    if service.formats != ALL_FORMATS:
        parts.append(f"formats {', '.join(sorted_format_names(service.formats))}")
    return " ".join(parts)


def _pop3(options: Pop3Options | None) -> Iterator[str]:
    if options is None:
        return
    if (leave := options.leave_messages_on_server) is not None:
        yield "leave messages on server" if leave else "take messages from server"
    if (days := options.days_to_leave_messages_on_server) is not None:
        yield f"for {days} days"
    if (biff := options.download_on_biff) is not None:
        yield "download on biff" if biff else "no download on biff"
