"""The proof in a cookie: any worker reads it, and no client can make one."""

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.core.address import EmailAddress
from waypost.setup_links.keys import SECRET, TOKEN, LinkKeys
from waypost.setup_links.link import LinkTarget
from waypost.setup_links.token import TokenContent, encode, write_content
from waypost.sign_in.proof import PROOF_SECONDS, Proofs, form_key

OLD, NEW = "o" * 32, "n" * 32
ALICE = LinkTarget(EmailAddress.parse("alice@bücher.example"), "Alice Ä")


def test_read_by_another_worker() -> None:
    """Each worker with the key reads it, also after a new key was written in front."""
    proof = Proofs(LinkKeys([OLD])).write(ALICE)
    assert Proofs(LinkKeys([OLD])).read(proof) == ALICE
    assert Proofs(LinkKeys([NEW, OLD])).read(proof) == ALICE
    assert Proofs(LinkKeys([NEW])).read(proof) is None
    assert "alice" not in proof


def test_expired() -> None:
    """A proof is valid for ten minutes."""
    now = [1000.0]
    proofs = Proofs(LinkKeys([OLD]), lambda: now[0])
    proof = proofs.write(ALICE)
    now[0] += PROOF_SECONDS - 1
    assert proofs.read(proof) == ALICE
    now[0] += 1
    assert proofs.read(proof) is None


def test_size() -> None:
    """The longest address and name fit into a cookie (RFC 6265 s6.1)."""
    address = EmailAddress.parse(f"{'ä' * 60}@{'.'.join(['b' * 40] * 3)}.example")
    assert len(Proofs(LinkKeys([OLD])).write(LinkTarget(address, "Ä" * 128))) < 4000


def test_texts_for_other_purposes() -> None:
    """A setup link, which the same key encrypts, is no proof."""
    keys = LinkKeys([OLD])
    content = write_content(TokenContent(ALICE, 9_999_999_999))
    for purpose in (TOKEN, SECRET):
        assert Proofs(keys).read(encode(keys.encrypt(purpose, content))) is None


@examples(50)
@given(st.text() | st.binary(max_size=200).map(encode))
def test_any_text(text: str) -> None:
    """Any other text is no proof."""
    assert Proofs(LinkKeys([OLD])).read(text) is None


def test_form_key() -> None:
    """The key of a form belongs to one proof, and does not contain it."""
    proofs = Proofs(LinkKeys([OLD]))
    first, second = proofs.write(ALICE), proofs.write(ALICE)
    assert form_key(first) == form_key(first) != form_key(second)
    assert len(form_key("")) == 32
