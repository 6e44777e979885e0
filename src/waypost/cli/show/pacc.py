"""`waypost show pacc`: the PACC document of a domain."""

from waypost.cli.arguments import explain_missing_at_sign
from waypost.cli.options import DbUriFlag, DemoFlag, DomainArgument, ProvidersFlag
from waypost.cli.output import write_document
from waypost.cli.show.common import config_for_domain, parse_exact_domain
from waypost.cli.sources.settings import load_settings
from waypost.formats.pacc.document import render


def pacc(
    domain: DomainArgument,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print a PACC document, byte for byte.

    The digest in DNS is the digest of this output.
    """
    name = parse_exact_domain(domain)
    with explain_missing_at_sign(domain):
        config = config_for_domain(name, load_settings(providers, demo, db_uri))
    write_document(render(config))
