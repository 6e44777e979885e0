"""XML that strangers write: clients' requests, servers' answers, documents from elsewhere.

All of it is parsed here, in one way: no DTD is read, no entity is expanded, nothing is fetched,
and what only a hostile document needs is refused.
"""

from lxml import etree


class NotWellFormed(ValueError):
    """Octets are not XML that can be read; the message says why, in the parser's own words.

    Attributes:
        line: where that was seen; None where it is about no line.
    """

    def __init__(self, why: str, line: int | None = None) -> None:
        """Take the reason and its line."""
        super().__init__(why)
        self.line = line


class HasDoctype(ValueError):
    """A document has a document type definition, which none that Waypost reads has a use for."""


def parse(octets: bytes, encoding: str | None = None) -> etree._Element:
    """Give the root of a document, without its comments and processing instructions.

    White space in front of the document is passed over. How long a document may be is for the
    caller to say, before it is parsed.

    Args:
        octets: in any encoding that XML declares, or shows by its first octets (XML 1.0 app. F).
        encoding: what the transport says, which is believed more than the declaration.

    Raises:
        NotWellFormed: no XML 1.0, an encoding that is unknown or not the declared one, an entity
            other than XML's own five, or more depth or text in one piece than libxml2 allows.
        HasDoctype: a document type definition, an empty one too.
    """
    try:
        root = etree.fromstring(octets.lstrip(), _parser(encoding))
    except etree.XMLSyntaxError as error:
        raise NotWellFormed(error.msg, error.lineno or 1) from error
    except (ValueError, LookupError) as error:
        raise NotWellFormed(str(error)) from error
    # An internal DTD is parsed even so; what it defines is not expanded, and it is refused here.
    dtd: object = root.getroottree().docinfo.internalDTD
    if dtd is not None:
        raise HasDoctype("there is a document type definition")
    return root


def _parser(encoding: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
