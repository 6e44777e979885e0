"""The keys of a providers file for domains whose mail is not here."""

from pathlib import Path

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import Redirect
from waypost.providers_file.load import read_providers, read_providers_path, write_providers

URL = "https://autodiscover.cloud.example/autodiscover/autodiscover.xml"


def file(provider: str = "", domains: str = '"old.example"') -> str:
    return f'[[provider]]\nname = "Example Inc."\n{provider}\ndomains = [{domains}]\n'


@pytest.mark.parametrize(
    ("provider", "domains", "redirect"),
    [
        ("", '"old.example"', None),
        ('redirect_address = "New.Example."', '"old.example"', Redirect("new.example")),
        ('redirect_address = "bücher.example"', '"a.example"', Redirect("xn--bcher-kva.example")),
        (f'redirect_url = "{URL}"', '"old.example"', Redirect(url=URL)),
        ("declined = true", '"old.example"', Redirect()),
        ("declined = false", '"old.example"', None),
        ("declined = true", '{ name = "old.example", declined = false }', None),
        (
            "declined = true",
            '{ name = "old.example", redirect_address = "new.example" }',
            Redirect("new.example"),
        ),
        (
            'redirect_address = "new.example"',
            f'{{ name = "old.example", redirect_url = "{URL}" }}',
            Redirect(url=URL),
        ),
        ("", '{ name = "old.example", declined = true }', Redirect()),
    ],
)
def test_reading(provider: str, domains: str, redirect: Redirect | None) -> None:
    """A provider sets the keys for all of its domains, and a domain for itself."""
    result = read_providers(file(provider, domains), name="f", format="toml")

    assert [one.redirect for one in result.catalog.domains] == [redirect]
    # A domain that redirects needs no services.
    assert bool(result.warnings) is (redirect is None)


@pytest.mark.rule("autodiscover-redirect-https", "autodiscover-redirect-no-loop")
@pytest.mark.parametrize(
    ("provider", "domains", "problem"),
    [
        ('redirect_address = "a b"', '"old.example"', "redirect_address: is not a domain"),
        ('redirect_address = ""', '"old.example"', "redirect_address: must not be empty"),
        ('redirect_address = "alice@x.example"', '"old.example"', "is not a domain"),
        ('redirect_address = "old.example"', '"old.example"', "cannot redirect to itself"),
        (
            'redirect_url = "https://autodiscover.old.example/Autodiscover/Autodiscover.xml"',
            '"old.example"',
            "already ask at its redirect_url",
        ),
        ('redirect_url = "http://x.example/"', '"old.example"', "must begin with https://"),
        ('redirect_url = "x.example"', '"old.example"', "redirect_url: "),
        (
            'redirect_url = "https://x.example/%EMAILADDRESS%"',
            '"old.example"',
            "contains a placeholder",
        ),
        ("declined = 1", '"old.example"', "declined: must be true or false"),
        (
            f'redirect_url = "{URL}"\ndeclined = true',
            '"old.example"',
            "declined: cannot be combined with redirect_url",
        ),
        (
            f'redirect_url = "{URL}"\nredirect_address = "x.example"\ndeclined = false',
            '"old.example"',
            "cannot be combined with redirect_address",
        ),
        ("", '{ name = "old.example", redirect = "x" }', "redirect: unknown key"),
    ],
)
def test_mistakes(provider: str, domains: str, problem: str) -> None:
    """Each mistake is reported with its key and its rule."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(file(provider, domains), name="f", format="toml")

    assert problem in str(caught.value)


CIRCLES = [
    # redirects of domains, number of the reported domain, loop
    (
        {"a.example": "b.example", "b.example": "a.example"},
        0,
        "a.example to b.example to a.example",
    ),
    (
        {"*.x.example": "b.example", "b.example": "c.example", "c.example": "a.x.example"},
        0,
        "*.x.example to b.example to c.example to *.x.example",
    ),
    (
        {"o.example": "a.example", "a.example": "b.example", "b.example": "a.example"},
        1,
        "a.example to b.example to a.example",
    ),
]
NO_CIRCLES = [
    {"a.example": "b.example", "b.example": "c.example", "c.example": "d.example"},
    {"*": "new.example"},
    {"a.example": "b.x.example", "*.x.example": "c.example"},
]


def moving(moves: dict[str, str]) -> str:
    return file(
        domains=", ".join(
            f'{{ name = "{old}", redirect_address = "{new}" }}' for old, new in moves.items()
        )
    )


@pytest.mark.rule("autodiscover-redirect-no-loop")
@pytest.mark.parametrize(("moves", "place", "way"), CIRCLES)
def test_loops(moves: dict[str, str], place: int, way: str) -> None:
    """Domains that redirect to each other are refused once, with the whole loop."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(moving(moves), name="f", format="toml")

    (problem,) = caught.value.problems
    assert f"domains[{place}]: redirect_address forms a loop: {way}; remove one of" in problem


OF_FILES = [
    # domains of the file, their target, target of b.example, problem
    (
        "a.example",
        "b.example",
        "a.example",
        "f.toml: provider[0].domains[0]",
        "b.example to a.example",
    ),
    (
        "x.example\n*.a.example",
        "b.example",
        "mail.a.example",
        "f.toml: provider[0].domains[0]",
        "b.example to *.a.example",
    ),
    ("a.example\nb.a.example", "a.example", "new.example", "", ""),
    ("a.example\nc.example", "b.example", "new.example", "", ""),
    ("a.example", "new.example", "a.example", "", ""),
]


@pytest.mark.rule("autodiscover-redirect-no-loop")
@pytest.mark.parametrize(("domains", "theirs", "other", "place", "way"), OF_FILES)
def test_loop_through_a_file(
    tmp_path: Path, domains: str, theirs: str, other: str, place: str, way: str
) -> None:
    """A loop is also found if its domains are in a separate file."""
    (tmp_path / "list.txt").write_text(f"{domains}\n", encoding="utf-8")
    moved = f'{{ name = "b.example", redirect_address = "{other}" }}'
    of_file = f'domains_file = "list.txt"\nredirect_address = "{theirs}"\n'
    path = tmp_path / "f.toml"
    path.write_text(f'{file(domains=moved)}[[provider]]\nname = "F"\n{of_file}', encoding="utf-8")
    problems: tuple[str, ...] = ()
    try:
        read_providers_path(path)
    except ProvidersError as error:
        problems = tuple(error.problems)

    assert len(problems) == (1 if way else 0)
    assert all(place in one and f"forms a loop: {way} to b.example;" in one for one in problems)


def test_loop_in_files_only(tmp_path: Path) -> None:
    """If all entries of a loop are in files, the file and the line are reported."""
    text = ""
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.txt").write_text(f"x{name}.example\n{name}.example\n", "utf-8")
        text += f'[[provider]]\nname = "{name}"\ndomains_file = "{name}.txt"\n'
        text += f'redirect_address = "{other}.example"\n'
    (tmp_path / "f.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProvidersError) as caught:
        read_providers_path(tmp_path / "f.toml")

    (problem,) = caught.value.problems
    way = "a.example to b.example to a.example"
    assert problem.startswith(f"{tmp_path / 'a.txt'}: line 2: redirect_address forms a loop: {way}")


@pytest.mark.parametrize("moves", NO_CIRCLES)
def test_no_loop(moves: dict[str, str]) -> None:
    """A chain of redirects that ends is valid, however long it is."""
    assert len(read_providers(moving(moves), name="f", format="toml").catalog.domains) == len(moves)


def test_writing() -> None:
    """A value that all domains of a provider have is written once, and read back."""
    text = file("declined = true", '"a.example", "b.example"')
    other = file("", '{ name = "c.example", redirect_address = "a.example" }, "d.example"')
    text += other.replace("Example Inc.", "Other")
    catalog = read_providers(text, name="f", format="toml").catalog
    written = write_providers(catalog, "toml")

    assert written.count("declined = true") == 1
    assert written.count("redirect_address") == 1
    assert read_providers(written, name="f", format="toml").catalog == catalog
