"""One service of a provider, and the defaults of all services."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from waypost.core.model import (
    ALL_FORMATS,
    DEFAULT_PRIORITY,
    EMAIL_ADDRESS,
    FORMATS_OF,
    HOST_BASED,
    Authentication,
    Format,
    HostEndpoint,
    Pop3Options,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    default_authentication,
)
from waypost.providers_file.models.base import TableModel, serialize_keys
from waypost.providers_file.models.rules import Choice, Integer, NotNull, Schema
from waypost.providers_file.models.service_rules import (
    AuthenticationMethods,
    DiscoveryFormats,
    DomainPatterns,
    EndpointUrl,
    check_login_name,
    sorted_format_names,
)
from waypost.providers_file.models.texts import WEB_PATTERN, PlainText
from waypost.providers_file.ports import (
    PORT_MAX,
    contradiction,
    default_port,
    default_security,
    needed_keys,
    unusual_security,
)
from waypost.providers_file.validators import (
    HOST_MAX_CHARS,
    INTEGER_MAX,
    LOGIN_NAME_MAX_CHARS,
    URL_MAX_CHARS,
    check_host,
)

POP3_DAYS_MAX: Final = 36500
_HOST_KEYS: Final = ("host", "port", "security")
_LDAP_PATTERN: Final = "^([Ll][Dd][Aa][Pp][Ss]?)://"
_TYPES: Final[Mapping[str, ServiceType]] = {
    **{service_type.value: service_type for service_type in ServiceType},
    "pop": ServiceType.POP3,
}
_TYPE: Final = Choice(
    ServiceType, "unknown service type", any_case=True, others=(("pop", ServiceType.POP3),)
)


class ServiceDefaults(TableModel):
    """Defaults for all services; `authentication` only for services with a host."""

    authentication: Annotated[tuple[Authentication, ...] | None, AuthenticationMethods()] = Field(
        default=None, description="The preferred method first."
    )
    login_name: Annotated[
        str,
        PlainText(LOGIN_NAME_MAX_CHARS, check_login_name, min_chars=0, warns_of_placeholders=True),
    ] = Field(default=EMAIL_ADDRESS, description="Empty: the client asks the user.")
    priority: Annotated[int | None, Integer(0, INTEGER_MAX)] = Field(
        default=None, description="Clients prefer smaller numbers."
    )
    domain_required: Annotated[bool, NotNull()] = Field(
        default=False, description="The login name must contain the domain."
    )
    formats: Annotated[frozenset[Format], DiscoveryFormats()] = Field(
        default=ALL_FORMATS, description="Only these discovery formats describe the service."
    )


class Pop3Table(TableModel):
    """Options for POP3 clients."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    value_type = Pop3Options

    leave_messages_on_server: Annotated[bool | None, NotNull()] = Field(
        default=None, description="Fetched mail stays on the server."
    )
    days_to_leave_messages_on_server: Annotated[int | None, Integer(0, POP3_DAYS_MAX)] = Field(
        default=None, description="How many days fetched mail stays on the server."
    )
    download_on_biff: Annotated[bool | None, NotNull()] = Field(
        default=None, description="Fetch mail when the client checks for new mail."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if no option is set."""
        yield from cls.empty_mistakes(data)


class EndpointTable(TableModel):
    """The keys of a service that have no defaults."""

    type: Annotated[ServiceType, _TYPE] = Field(description="The type of the service.")
    host: Annotated[str | None, PlainText(HOST_MAX_CHARS, check_host)] = Field(
        default=None, description="Host name; may contain %EMAILDOMAIN%."
    )
    port: Annotated[int | None, Integer(1, PORT_MAX)] = Field(
        default=None, description="Default: from type and security."
    )
    security: Annotated[Security | None, Choice(Security, "unknown security", any_case=True)] = (
        Field(default=None, description="Default: from the port.")
    )
    url: Annotated[str | None, EndpointUrl(URL_MAX_CHARS, warns_of_placeholders=True)] = Field(
        default=None, description="Absolute URL; ldaps://host/base??sub for LDAP."
    )


def _add_service_forms(schema: Schema) -> None:
    """Add the three forms of a service to its JSON Schema: a host, a URL, an LDAP URL."""
    none: Schema = dict.fromkeys(_HOST_KEYS, False)
    hosts = sorted([*HOST_BASED, "pop"])
    urls = sorted(set(ServiceType) - HOST_BASED - {ServiceType.LDAP} | {ServiceType.XMPP})
    with_host = {"required": ["host"], "properties": {"type": {"enum": hosts}, "url": False}}
    with_url, with_ldap = (
        {
            "required": ["url"],
            "properties": {"type": {"enum": types}, "url": {"pattern": pattern}, **none},
        }
        for types, pattern in ((urls, WEB_PATTERN), ([ServiceType.LDAP.value], _LDAP_PATTERN))
    )
    schema["anyOf"] = [with_host, with_url, with_ldap]


class ServiceTable(ServiceDefaults, EndpointTable):
    """A service: one way to reach a mailbox, a calendar, an address book."""

    model_config = ConfigDict(json_schema_extra=_add_service_forms)

    pop3: Annotated[Pop3Table | None, NotNull()] = Field(
        default=None, description="Only for services of type pop3."
    )
    domains: Annotated[frozenset[str] | None, DomainPatterns()] = Field(
        default=None, description="Only for these domains of the provider."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the keys that a service of this type lacks or cannot have."""
        word = data.get("type")
        service_type = _TYPES.get(word.lower()) if isinstance(word, str) else None
        if service_type is None:
            return
        if service_type in HOST_BASED and not (service_type is ServiceType.XMPP and "url" in data):
            if "url" in data:
                yield "url", f"a service of type {service_type} has a host, not a URL"
            if "host" not in data:
                yield "host", "is missing"
        else:
            for key in _HOST_KEYS:
                if key in data:
                    yield key, f"a service of type {service_type} has only a URL; remove {key}"
            if "url" not in data:
                yield "url", "is missing"
        if "pop3" in data and service_type is not ServiceType.POP3:
            yield "pop3", f"a service of type {service_type} cannot have POP3 options"

    def value_mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield a port and a protection that contradict each other."""
        if self.host is None:
            return
        security = self.security or default_security(self.type, self.port)
        if security is None:
            rule = f"is missing; port {self.port} does not imply tls, starttls or none"
            yield "security", rule
        elif reason := contradiction(self.port or default_port(self.type, security), security):
            yield "port" if self.port is not None else "security", reason

    def value_warnings(self) -> Iterator[tuple[str, str]]:
        """Yield what is unusual about the port, the protection, the URL and the formats."""
        endpoint = self.endpoint()
        if isinstance(endpoint, HostEndpoint):
            if reason := unusual_security(endpoint.port, endpoint.security):
                yield "security" if self.security is not None else "port", reason
            if endpoint.security is Security.NONE:
                yield "security", "is none: passwords and mail can be read on the network"
        elif endpoint.url.lower().startswith(("http:", "ldap:")):
            yield "url", "is not encrypted; passwords can be read on the network"
        if "formats" in self.model_fields_set:
            yield from unusable_formats(self.type, self.formats)

    def endpoint(self) -> HostEndpoint | UrlEndpoint:
        """Return where the service is."""
        if self.host is None:
            return UrlEndpoint(self.url or "")
        security = self.security or default_security(self.type, self.port) or Security.TLS
        return HostEndpoint(self.host, self.port or default_port(self.type, security), security)

    def with_defaults(self, defaults: ServiceDefaults | None) -> "ServiceTable":
        """Return the same service with the defaults for the keys that it does not set."""
        if defaults is None:
            return self
        # HTTP has its own methods.
        names = defaults.model_fields_set - ({"authentication"} if self.url is not None else set())
        missing = {name: getattr(defaults, name) for name in names - self.model_fields_set}
        return self.model_copy(update=missing)

    def build(self) -> Service:
        """Return the service."""
        values = self.values_for(Service)
        default = default_authentication(self.type, has_url=self.url is not None)
        values["authentication"] = self.authentication or (default,)
        values["login_name"] = self.login_name or None
        # automx2's column cannot be NULL, so its default means that no priority is set.
        values["priority"] = None if self.priority == DEFAULT_PRIORITY else self.priority
        return Service(endpoint=self.endpoint(), **values)

    @classmethod
    def serialize(cls, value: Any) -> dict[str, object]:
        """Return a service as plain data, without what follows from other keys."""
        service: Service = value
        endpoint = service.endpoint
        data: dict[str, object] = {"type": service.type.value}
        if isinstance(endpoint, UrlEndpoint):
            data["url"] = endpoint.url
        else:
            data["host"] = endpoint.host
            needs_port, needs_security = needed_keys(service.type, endpoint)
            if needs_port:
                data["port"] = endpoint.port
            if needs_security:
                data["security"] = endpoint.security.value
        default = default_authentication(service.type, has_url="url" in data)
        derived_keys = ["type"]
        if service.authentication == (default,):
            derived_keys.append("authentication")
        if service.priority == DEFAULT_PRIORITY:
            derived_keys.append("priority")
        return data | serialize_keys(cls, service, without=derived_keys)


def unusable_formats(
    service_type: ServiceType, formats: frozenset[Format]
) -> Iterator[tuple[str, str]]:
    """Yield a warning if no client finds a service because no format can describe it."""
    if FORMATS_OF[service_type].isdisjoint(formats):
        known = ", ".join(sorted_format_names(FORMATS_OF[service_type]))
        rule = f"none of these formats can describe a service of type {service_type}; use {known}"
        yield "formats", rule
