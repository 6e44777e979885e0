"""`waypost pacc`: changing the PACC document of a domain together with its digest in DNS."""

import math
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.address import DomainName
from waypost.cli.pacc_documents import Documents, Status, documents_of
from waypost.cli.reporting import FINDINGS, complain, group, note, say, say_json
from waypost.cli.show_domain import DomainArgument
from waypost.cli.sources import DbUriFlag, JsonFlag, ProvidersFlag, settings_for
from waypost.cli.typed import one_word_explained, typed_domain
from waypost.errors import DomainNotServed, NamesUnavailable, NoUsableService, ProvidersError

if TYPE_CHECKING:
    from waypost.check.text_records import TextRecords
    from waypost.settings import Settings

ResolverFlag = Annotated[
    str | None,
    typer.Option(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        help="Ask this name server, as 192.0.2.53:53; else the resolvers of this machine.",
    ),
]


def build() -> typer.Typer:
    """Put the commands together."""
    app = group("Change the PACC document of a domain together with its digest in DNS.")
    app.command("stage", epilog="Example: waypost pacc stage example.com")(stage)
    app.command("status", epilog="Example: waypost pacc status example.com --json")(status)
    app.command("switch", epilog="Example: waypost pacc switch example.com --resolver 192.0.2.53")(
        switch
    )
    return app


def stage(
    domain: DomainArgument,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Hold the document that goes out now, whatever the configuration says later.

    To be done before the configuration changes. Doing it again changes nothing.
    """
    from waypost.formats import pacc  # noqa: PLC0415 -- quick start
    from waypost.wiring import open_pinned  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, db_uri=db_uri)
    name = _name(domain)
    with open_pinned(settings) as pinned:
        with one_word_explained(domain):
            found = documents_of(settings, name)
        if found.pattern is not None:
            cure = f"add {name} to the domains of its provider, which changes no answer"
            rule = f"is served by {found.pattern}, and a document is pinned for one domain"
            raise ProvidersError([f"{name}: {rule}; {cure}"])
        document = pinned.pin(name, found.served)
    record = pacc.digest_record(document)
    if as_json:
        told = {"domain": name.ascii, "name": found.record_name, "record": record}
        say_json({**told, "was_pinned": found.is_pinned})
        return
    say(record)
    if found.is_pinned:
        note(f"{name}: this document was pinned already, and still is")
    else:
        note(f"{name}: this document goes out until `waypost pacc switch {name}`")
    for line in _next_steps(settings, name, db_uri):
        note(line)


def status(
    domain: Annotated[
        str | None,
        typer.Argument(metavar="[DOMAIN]", help="Default: all domains with a pinned document."),
    ] = None,
    resolver: ResolverFlag = None,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell which documents go out, which come next, and whether DNS has their digests.

    Exit code 1 where a digest of what goes out cannot be seen in DNS.
    """
    from waypost.wiring import open_pinned  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, db_uri=db_uri)
    server = _server(resolver)
    with open_pinned(settings) as pinned:
        documents = pinned.all()
    names = [_name(domain)] if domain else [DomainName(one) for one in sorted(documents)]
    told = [_status(settings, name, name.ascii in documents, server) for name in names]
    if as_json:
        say_json([one.for_scripts() for one in told])
    elif not told:
        note("no document is pinned")
    else:
        for one in told:
            one.tell()
    if any(not one.is_good for one in told):
        raise typer.Exit(FINDINGS)


def switch(
    domain: DomainArgument,
    *,
    resolver: ResolverFlag = None,
    force: Annotated[
        bool, typer.Option("--force", help="Change over without a look into DNS.")
    ] = False,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Let the document go out that follows from the configuration, once DNS has its digest.

    Exit code 1 where it cannot be seen there; then everything stays as it is.
    """
    from waypost.wiring import open_pinned  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, db_uri=db_uri)
    name, server = _name(domain), _server(resolver)
    with open_pinned(settings) as pinned:
        document = pinned.all().get(name.ascii)
        if document is None:
            with one_word_explained(domain):  # One that is not served is a mistake all the same.
                documents_of(settings, name)
            note(f"{name}: no document is pinned; nothing to do")
            switched, is_other = False, False
        else:
            is_other = force or _check(settings, name, document, server)
            switched = pinned.unpin(name, document)
    # Until then processes, proxies and clients may still give the old document (RFC 9111 s4.2).
    wait_seconds = math.ceil(settings.cache_ttl + settings.max_age) if is_other else 0
    if as_json:
        say_json({"domain": name.ascii, "switched": switched, "wait_seconds": wait_seconds})
    elif document is not None:
        _tell(name, document, switched, wait_seconds)


def _check(
    settings: "Settings", name: DomainName, document: bytes, server: tuple[str, int] | None
) -> bool:
    """Make sure that clients will believe the new document; tell whether it is another one.

    Raises:
        Exit: they would not; what was seen in DNS instead has been told.
        DomainNotServed: the domain is not served.
    """
    from waypost.check.text_records import look_up  # noqa: PLC0415 -- quick start
    from waypost.formats import pacc  # noqa: PLC0415 -- quick start

    found = documents_of(settings, name)
    if found.after is None:
        raise _refused(f"{name}: the configuration has no document to switch to: {found.why}")
    if found.after == document:
        note(f"{name}: the configuration gives the same document, so no client will notice")
        return False
    try:
        seen = look_up(found.record_name, server)
    except NamesUnavailable as error:
        complain(error)
        raise typer.Exit(FINDINGS) from error
    if not any(pacc.vouches(text, found.after) for text in seen.texts):
        lines = _missing(found, seen)
        raise _refused("; ".join([*lines, "nothing was changed"]))
    if documents_of(settings, name).after != found.after:
        raise _refused(f"{name}: the configuration has changed meanwhile; run it again")
    return True


def _refused(reason: str) -> typer.Exit:
    note(f"error: {reason}")
    return typer.Exit(FINDINGS)


def _missing(found: Documents, seen: "TextRecords") -> list[str]:
    """Return what is in DNS in place of the new digest."""
    from waypost.formats import pacc  # noqa: PLC0415 -- quick start

    wanted = pacc.digest_record(found.after or b"")
    if not seen.texts:
        there = "there is no TXT record"
    elif all(pacc.vouches(text, found.served) for text in seen.texts):
        there = f"there is only the old digest, with a TTL of {seen.ttl_seconds} s"
    else:
        shown = ", ".join(repr(text[:200]) for text in seen.texts[:5])
        there = f"there is {shown}"
    return [f"{found.record_name}: the new digest is not in DNS: {there}", f"expected {wanted!r}"]


def _tell(name: DomainName, document: bytes, switched: bool, wait_seconds: int) -> None:
    from waypost.formats import pacc  # noqa: PLC0415 -- quick start

    if not switched:
        note(f"{name}: somebody else has switched just now; nothing to do")
        return
    say(f"{name}: the document that follows from the configuration goes out now")
    if wait_seconds:
        note(
            f"take the old digest out of {pacc.TXT_PREFIX}{name} after {wait_seconds} s, when "
            f"nobody has the old document any more: {pacc.digest_record(document)}"
        )


def _status(
    settings: "Settings", name: DomainName, is_pinned: bool, server: tuple[str, int] | None
) -> Status:
    from waypost.check.text_records import look_up  # noqa: PLC0415 -- quick start

    try:
        documents = documents_of(settings, name)
    except (DomainNotServed, NoUsableService) as error:
        return Status(name, is_pinned, None, None, str(error))
    try:
        texts = look_up(documents.record_name, server).texts
    except NamesUnavailable as error:
        return Status(name, is_pinned, documents, None, str(error))
    return Status(name, is_pinned, documents, texts, documents.why)


def _name(domain: str) -> DomainName:
    return typed_domain(domain)


def _server(resolver: str | None) -> tuple[str, int] | None:
    from waypost.check.name_servers import read_server  # noqa: PLC0415 -- quick start

    return None if resolver is None else read_server(resolver)


def _next_steps(settings: "Settings", name: DomainName, db_uri: str | None) -> list[str]:
    """Return what to do next; the commands have the flags of this one, to be copied as they are."""
    from waypost.redaction import redact_uri  # noqa: PLC0415 -- quick start

    providers = settings.providers
    flags, change = "", f"edit {providers}"
    if providers is not None:
        flags = f" --providers {shlex.quote(str(providers))}"
    elif db_uri is not None:
        flags = f" --db-uri {shlex.quote(redact_uri(db_uri))}"
    if providers is None:
        change = f"waypost apply FILE{flags}"
    return [
        "Next:",
        f"  1. change the configuration: {change}",
        f"  2. put both digests into DNS: waypost show dns {name}{flags}",
        "  3. wait as long as the old record's time to live",
        f"  4. waypost pacc switch {name}{flags}",
    ]
