"""A document in pieces is the document of each user, and its entity tag is their own."""

import re
import string
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import ANY_USER, DocumentTemplate, RenderedDocument

Piece = tuple[Literal["text", "local part", "domain", "computed"], str]
"""A text that is the same for all users, a name of the user, or a text computed of the address."""

LOCAL_PART: Piece = ("local part", "")
DOMAIN: Piece = ("domain", "")
ENTITY_TAG = re.compile(rb'"[0-9a-f]{24}"')  # strong: RFC 9110 s8.8.3
# Beginnings of the made-up names, one of them in capitals, and parts of regular expressions.
ODD_TEXTS = ["Anybody.", "anydomain-", ANY_USER.domain.ascii.upper(), ".*\\1|", "\r\n", ""]
PIECES: dict[str, st.SearchStrategy[Piece]] = {
    "name": st.sampled_from([LOCAL_PART, DOMAIN]),
    "text": (st.text(max_size=9) | st.sampled_from(ODD_TEXTS)).map(lambda text: ("text", text)),
    "computed": st.text("ab", min_size=1, max_size=3).map(lambda key: ("computed", key)),
}
DOCUMENTS = st.lists(PIECES["name"] | PIECES["text"], max_size=9)
COMPUTED_DOCUMENTS = st.lists(st.one_of(*PIECES.values()), max_size=9)
LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=9)
DOMAINS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
LOCAL_PARTS = st.text(f"{string.ascii_letters}{string.digits}._-", min_size=1, max_size=9)
# A user may have a made-up name, also in the place of the other one.
USERS = st.builds(
    EmailAddress,
    LOCAL_PARTS | st.sampled_from([ANY_USER.local_part, ANY_USER.domain.ascii]),
    (DOMAINS | st.sampled_from([ANY_USER.domain.ascii, f"a.{ANY_USER.domain.ascii}"])).map(
        DomainName
    ),
)


def names(user: EmailAddress) -> tuple[bytes, bytes]:
    """Return the local part and the domain."""
    return user.local_part.encode(), user.domain.ascii.encode()


def computed(key: str, user: EmailAddress) -> str:
    """Return a text that contains the address, as some identifiers do."""
    return f"({key} {user})"


def written(pieces: list[Piece], user: EmailAddress) -> bytes:
    """Return the document of a user without a template."""
    document = ""
    for kind, text in pieces:
        match kind:
            case "text":
                document += text
            case "local part":
                document += user.local_part
            case "domain":
                document += user.domain.ascii
            case "computed":
                document += computed(text, user)
    return document.encode()


def template_of(pieces: list[Piece], user: EmailAddress = ANY_USER) -> DocumentTemplate:
    """Return the template of the document of a user, who has at least the made-up local part."""
    keys = sorted({text for kind, text in pieces if kind == "computed"})
    return DocumentTemplate(
        written(pieces, user), lambda other: [computed(key, other) for key in keys], user=user
    )


@given(COMPUTED_DOCUMENTS, USERS)
def test_document_of_a_user(pieces: list[Piece], user: EmailAddress) -> None:
    """For any document and any user, the names and the computed texts are the user's own."""
    assert template_of(pieces).document(*names(user)) == written(pieces, user)


@given(DOCUMENTS, USERS)
def test_nothing_is_computed(pieces: list[Piece], user: EmailAddress) -> None:
    """Without computed texts, only the names are replaced."""
    template = DocumentTemplate(written(pieces, ANY_USER))
    assert template.document(*names(user)) == written(pieces, user)


@given(COMPUTED_DOCUMENTS, LOCAL_PARTS, DOMAINS.map(DomainName))
def test_document_for_one_domain(pieces: list[Piece], local_part: str, domain: DomainName) -> None:
    """The made-up user may have a real domain: the document is then for all users of it."""
    template = template_of(pieces, EmailAddress(ANY_USER.local_part, domain))
    user = EmailAddress(local_part, domain)
    assert template.document(*names(user)) == written(pieces, user)


@given(COMPUTED_DOCUMENTS, st.lists(USERS, max_size=3))
def test_use_changes_nothing(pieces: list[Piece], users: list[EmailAddress]) -> None:
    """A template gives the same answers after any number of other users."""
    template, first_user = template_of(pieces), names(ANY_USER)
    first = template.document(*first_user), template.etag(*first_user)
    for user in users:
        template.document(*names(user))
        template.etag(*names(user))
    assert (template.document(*first_user), template.etag(*first_user)) == first
    assert first[0] == written(pieces, ANY_USER)


@given(COMPUTED_DOCUMENTS, st.lists(USERS, min_size=2, max_size=2))
def test_entity_tag_of_a_user(pieces: list[Piece], users: list[EmailAddress]) -> None:
    """The entity tags of two users differ if and only if a name in their documents differs."""
    template, in_document = (
        template_of(pieces),
        [one for one in pieces if one in (LOCAL_PART, DOMAIN)],
    )
    tags = {template.etag(*names(user)) for user in users}
    differing = {tuple(written([piece], user) for piece in in_document) for user in users}
    assert len(tags) == len(differing)
    assert all(ENTITY_TAG.fullmatch(tag) for tag in tags)


@given(DOCUMENTS, DOCUMENTS, USERS)
def test_entity_tag_of_a_document(one: list[Piece], other: list[Piece], user: EmailAddress) -> None:
    """The entity tags of two documents for the same user differ if the documents do."""
    tags = {template_of(pieces).etag(*names(user)) for pieces in (one, other)}
    documents = {written(pieces, ANY_USER) for pieces in (one, other)}
    assert len(tags) == len(documents)


def test_names_in_the_entity_tag_have_a_border() -> None:
    """The end of the domain is not the beginning of the local part."""
    template = template_of([LOCAL_PART, DOMAIN])
    assert template.etag(b"bc", b"a") != template.etag(b"c", b"ab")


@pytest.mark.parametrize("is_for_any_domain", [False, True])
def test_documents_of_all_domains(is_for_any_domain: bool) -> None:
    """A template knows whether it is for all domains of a provider; usually it is not."""
    template = DocumentTemplate(b"", is_for_any_domain=is_for_any_domain)
    assert template.is_for_any_domain is is_for_any_domain
    assert not DocumentTemplate(b"").is_for_any_domain


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_document_of_one_user(one: bytes, other: bytes) -> None:
    """A document without a template has its own entity tag, which is that of its bytes."""
    documents = [RenderedDocument.of(body) for body in (one, other)]
    assert [document.body for document in documents] == [one, other]
    assert [document.template for document in documents] == [None, None]
    assert len({document.etag for document in documents}) == len({one, other})
    assert all(ENTITY_TAG.fullmatch(document.etag) for document in documents)
