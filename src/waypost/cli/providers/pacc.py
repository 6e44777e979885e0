"""`waypost pacc`: change the PACC document of a domain together with its digest in DNS."""

import math
import shlex
from typing import Annotated

import typer

from waypost.cli.arguments import explained_word, typed_domain
from waypost.cli.options import DbUriFlag, DomainArgument, JsonFlag, ProvidersFlag
from waypost.cli.output import EXIT_FINDINGS, print_error, print_json, print_line, print_stderr
from waypost.cli.providers.pacc_documents import PaccDocuments, Status, documents_of
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed, NamesUnavailable, NoUsableService, ProvidersError
from waypost.core.redaction import redact_uri
from waypost.formats.pacc import document as pacc
from waypost.net.dns.resolver import read_server
from waypost.net.dns.text_records import TextRecords, look_up_texts
from waypost.settings import Settings
from waypost.wiring import open_pinned

ResolverFlag = Annotated[
    str | None,
    typer.Option(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        help="Ask this name server, such as 192.0.2.53:53. Default: the resolvers of this machine.",
    ),
]


def pin(
    domain: DomainArgument,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Pin the current document, so that it does not change.

    Run this command before you change the configuration. A second run changes nothing.
    """
    settings = load_settings(providers, db_uri=db_uri)
    name = _name(domain)
    with open_pinned(settings) as pinned:
        with explained_word(domain):
            found = documents_of(settings, name)
        if found.pattern is not None:
            fix = f"add {name} to the domains of its provider, which changes no answer"
            rule = f"matches {found.pattern}, and Waypost can pin a document only for a domain"
            raise ProvidersError([f"{name}: {rule}; {fix}"])
        document = pinned.pin(name, found.served)
    record = pacc.digest_record(document)
    if as_json:
        about = {"domain": name.ascii, "name": found.record_name, "record": record}
        print_json({**about, "was_pinned": found.is_pinned})
        return
    print_line(record)
    if found.is_pinned:
        print_stderr(f"{name}: this document was already pinned; nothing was changed")
    else:
        print_stderr(f"{name}: Waypost serves this document until `waypost pacc unpin {name}`")
    for line in _next_steps(settings, name, db_uri):
        print_stderr(line)


def status(
    domain: Annotated[
        str | None,
        typer.Argument(metavar="DOMAIN", help="Default: all domains with a pinned document."),
    ] = None,
    resolver: ResolverFlag = None,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the documents, and whether DNS has their digests.

    Exit code 1 if DNS does not have the digest of a current document.
    """
    settings = load_settings(providers, db_uri=db_uri)
    server = _server(resolver)
    with open_pinned(settings) as pinned:
        documents = pinned.all()
    names = [_name(domain)] if domain else [DomainName(one) for one in sorted(documents)]
    found = [_status(settings, name, name.ascii in documents, server) for name in names]
    if as_json:
        print_json([one.for_scripts() for one in found])
    elif not found:
        print_stderr("no document is pinned")
    else:
        for one in found:
            one.print()
    if any(not one.is_good for one in found):
        raise typer.Exit(EXIT_FINDINGS)


def unpin(
    domain: DomainArgument,
    *,
    resolver: ResolverFlag = None,
    force: Annotated[bool, typer.Option("--force", help="Skip the DNS check.")] = False,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Unpin the document, once DNS has the new digest.

    Waypost then serves the document that follows from the configuration. If DNS does not have
    its digest, nothing changes and the exit code is 1.
    """
    settings = load_settings(providers, db_uri=db_uri)
    name, server = _name(domain), _server(resolver)
    with open_pinned(settings) as pinned:
        document = pinned.all().get(name.ascii)
        if document is None:
            with explained_word(domain):  # A domain that is not served is still an error.
                documents_of(settings, name)
            print_stderr(f"{name}: no document is pinned; nothing to do")
            switched, is_other = False, False
        else:
            is_other = force or _check(settings, name, document, server)
            switched = pinned.unpin(name, document)
    # Until then, processes, proxies and clients may still use the old document (RFC 9111 s4.2).
    wait_seconds = math.ceil(settings.cache_ttl + settings.max_age) if is_other else 0
    if as_json:
        print_json({"domain": name.ascii, "switched": switched, "wait_seconds": wait_seconds})
    elif document is not None:
        _tell(name, document, switched, wait_seconds)


def _check(
    settings: Settings, name: DomainName, document: bytes, server: tuple[str, int] | None
) -> bool:
    """Check that clients will accept the new document; return whether the document changes.

    Raises:
        Exit: clients would not accept it; the reason has been printed.
        DomainNotServed: the domain is not served.
    """
    found = documents_of(settings, name)
    if found.after is None:
        raise _refused(f"{name}: the configuration has no document to serve instead: {found.why}")
    if found.after == document:
        print_stderr(
            f"{name}: the document from the configuration is the same as the pinned document"
        )
        return False
    try:
        seen = look_up_texts(found.record_name, server)
    except NamesUnavailable as error:
        print_error(error)
        raise typer.Exit(EXIT_FINDINGS) from error
    if not any(pacc.has_digest(text, found.after) for text in seen.texts):
        lines = _missing(found, seen)
        raise _refused("; ".join([*lines, "nothing was changed"]))
    if documents_of(settings, name).after != found.after:
        raise _refused(f"{name}: the configuration has changed in the meantime; run it again")
    return True


def _refused(reason: str) -> typer.Exit:
    print_stderr(f"error: {reason}")
    return typer.Exit(EXIT_FINDINGS)


def _missing(found: PaccDocuments, seen: TextRecords) -> list[str]:
    """Return what DNS has instead of the new digest."""
    wanted = pacc.digest_record(found.after or b"")
    if not seen.texts:
        there = "there is no TXT record"
    elif all(pacc.has_digest(text, found.served) for text in seen.texts):
        there = f"there is only the old digest, with a TTL of {seen.ttl_seconds} s"
    else:
        shown = ", ".join(repr(text[:200]) for text in seen.texts[:5])
        there = f"there is {shown}"
    return [f"{found.record_name}: the new digest is not in DNS: {there}", f"expected {wanted!r}"]


def _tell(name: DomainName, document: bytes, switched: bool, wait_seconds: int) -> None:
    if not switched:
        print_stderr(f"{name}: another process has just unpinned the document; nothing to do")
        return
    print_line(f"{name}: Waypost now serves the document that follows from the configuration")
    if wait_seconds:
        print_stderr(
            f"remove the old digest from {pacc.TXT_PREFIX}{name} after {wait_seconds} s, when no "
            f"client has the old document any more: {pacc.digest_record(document)}"
        )


def _status(
    settings: Settings, name: DomainName, is_pinned: bool, server: tuple[str, int] | None
) -> Status:
    try:
        documents = documents_of(settings, name)
    except (DomainNotServed, NoUsableService) as error:
        return Status(name, is_pinned, None, None, str(error))
    try:
        texts = look_up_texts(documents.record_name, server).texts
    except NamesUnavailable as error:
        return Status(name, is_pinned, documents, None, str(error))
    return Status(name, is_pinned, documents, texts, documents.why)


def _name(domain: str) -> DomainName:
    return typed_domain(domain)


def _server(resolver: str | None) -> tuple[str, int] | None:
    return None if resolver is None else read_server(resolver)


def _next_steps(settings: Settings, name: DomainName, db_uri: str | None) -> list[str]:
    """Return the next steps; their commands have the flags of this command, ready to copy."""
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
        "  3. wait for the TTL of the old record",
        f"  4. waypost pacc unpin {name}{flags}",
    ]
