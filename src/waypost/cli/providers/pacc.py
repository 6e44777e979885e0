"""`waypost pacc`: change the PACC document of a domain together with its digest in DNS."""

import math
import shlex
from typing import Annotated

import typer

from waypost.cli.arguments import explain_missing_at_sign, parse_domain
from waypost.cli.options import DbUriFlag, DomainArgument, JsonFlag, ProvidersFlag
from waypost.cli.output import EXIT_FINDINGS, print_error, print_json, print_line, print_stderr
from waypost.cli.providers.pacc_documents import PaccDocuments, PaccStatus, find_documents
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed, NamesUnavailable, NoUsableService, ProvidersError
from waypost.core.redaction import redact_uri
from waypost.formats.pacc import document as pacc
from waypost.net.dns.resolver import read_server
from waypost.net.dns.text_records import TextRecords, look_up_texts
from waypost.settings import Settings
from waypost.wiring.stores import open_pinned

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
    name = parse_domain(domain)
    with open_pinned(settings) as pinned:
        with explain_missing_at_sign(domain):
            documents = find_documents(settings, name)
        if documents.pattern is not None:
            fix = f"add {name} to the domains of its provider, which changes no answer"
            rule = f"matches {documents.pattern}, and Waypost can pin a document only for a domain"
            raise ProvidersError([f"{name}: {rule}; {fix}"])
        document = pinned.pin(name, documents.current)
    record = pacc.digest_record(document)
    if as_json:
        common = {"domain": name.ascii, "name": documents.record_name, "record": record}
        print_json({**common, "was_pinned": documents.is_pinned})
        return
    print_line(record)
    if documents.is_pinned:
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
    name_server = _name_server(resolver)
    with open_pinned(settings) as pinned:
        documents = pinned.all()
    names = [parse_domain(domain)] if domain else [DomainName(name) for name in sorted(documents)]
    statuses = [
        _read_status(settings, name, name.ascii in documents, name_server) for name in names
    ]
    if as_json:
        print_json([each.as_json() for each in statuses])
    elif not statuses:
        print_stderr("no document is pinned")
    else:
        for each in statuses:
            each.print()
    if any(not each.is_good for each in statuses):
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
    name, name_server = parse_domain(domain), _name_server(resolver)
    with open_pinned(settings) as pinned:
        document = pinned.all().get(name.ascii)
        if document is None:
            with explain_missing_at_sign(domain):  # A domain that is not served is still an error.
                find_documents(settings, name)
            print_stderr(f"{name}: no document is pinned; nothing to do")
            unpinned, changes_document = False, False
        else:
            changes_document = force or _check_dns(settings, name, document, name_server)
            unpinned = pinned.unpin(name, document)
    # Until then, processes, proxies and clients may still use the old document (RFC 9111 s4.2).
    wait_seconds = math.ceil(settings.cache_ttl + settings.max_age) if changes_document else 0
    if as_json:
        print_json({"domain": name.ascii, "switched": unpinned, "wait_seconds": wait_seconds})
    elif document is not None:
        _print_result(name, document, unpinned, wait_seconds)


def _check_dns(
    settings: Settings, name: DomainName, document: bytes, name_server: tuple[str, int] | None
) -> bool:
    """Check that clients will accept the new document; return whether the document changes.

    Raises:
        Exit: clients would not accept it; the reason has been printed.
        DomainNotServed: the domain is not served.
    """
    documents = find_documents(settings, name)
    if documents.next_document is None:
        raise _refusal(
            f"{name}: the configuration has no document to serve instead: {documents.problem}"
        )
    if documents.next_document == document:
        print_stderr(
            f"{name}: the document from the configuration is the same as the pinned document"
        )
        return False
    try:
        records = look_up_texts(documents.record_name, name_server)
    except NamesUnavailable as error:
        print_error(error)
        raise typer.Exit(EXIT_FINDINGS) from error
    if not any(pacc.has_digest(text, documents.next_document) for text in records.texts):
        lines = _missing_digest(documents, records)
        raise _refusal("; ".join([*lines, "nothing was changed"]))
    if find_documents(settings, name).next_document != documents.next_document:
        raise _refusal(f"{name}: the configuration has changed in the meantime; run it again")
    return True


def _refusal(reason: str) -> typer.Exit:
    print_stderr(f"error: {reason}")
    return typer.Exit(EXIT_FINDINGS)


def _missing_digest(documents: PaccDocuments, records: TextRecords) -> list[str]:
    """Return what DNS has instead of the new digest."""
    expected = pacc.digest_record(documents.next_document or b"")
    if not records.texts:
        dns_content = "there is no TXT record"
    elif all(pacc.has_digest(text, documents.current) for text in records.texts):
        dns_content = f"there is only the old digest, with a TTL of {records.ttl_seconds} s"
    else:
        shown = ", ".join(repr(text[:200]) for text in records.texts[:5])
        dns_content = f"there is {shown}"
    return [
        f"{documents.record_name}: the new digest is not in DNS: {dns_content}",
        f"expected {expected!r}",
    ]


def _print_result(name: DomainName, document: bytes, unpinned: bool, wait_seconds: int) -> None:
    if not unpinned:
        print_stderr(f"{name}: another process has just unpinned the document; nothing to do")
        return
    print_line(f"{name}: Waypost now serves the document that follows from the configuration")
    if wait_seconds:
        print_stderr(
            f"remove the old digest from {pacc.TXT_PREFIX}{name} after {wait_seconds} s, when no "
            f"client has the old document any more: {pacc.digest_record(document)}"
        )


def _read_status(
    settings: Settings, name: DomainName, is_pinned: bool, name_server: tuple[str, int] | None
) -> PaccStatus:
    try:
        documents = find_documents(settings, name)
    except (DomainNotServed, NoUsableService) as error:
        return PaccStatus(name, is_pinned, None, None, str(error))
    try:
        texts = look_up_texts(documents.record_name, name_server).texts
    except NamesUnavailable as error:
        return PaccStatus(name, is_pinned, documents, None, str(error))
    return PaccStatus(name, is_pinned, documents, texts, documents.problem)


def _name_server(resolver: str | None) -> tuple[str, int] | None:
    return None if resolver is None else read_server(resolver)


def _next_steps(settings: Settings, name: DomainName, db_uri: str | None) -> list[str]:
    """Return the next steps; their commands have the flags of this command, ready to copy."""
    providers = settings.providers
    flags, change_step = "", f"edit {providers}"
    if providers is not None:
        flags = f" --providers {shlex.quote(str(providers))}"
    elif db_uri is not None:
        flags = f" --db-uri {shlex.quote(redact_uri(db_uri))}"
    if providers is None:
        change_step = f"waypost apply FILE{flags}"
    return [
        "Next:",
        f"  1. change the configuration: {change_step}",
        f"  2. put both digests into DNS: waypost show dns {name}{flags}",
        "  3. wait for the TTL of the old record",
        f"  4. waypost pacc unpin {name}{flags}",
    ]
