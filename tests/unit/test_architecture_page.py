"""The picture of the architecture against the imports of the code."""

from __future__ import annotations

import functools
import re

import pytest

from tests.documented import ROOT, rows
from tests.unit.test_architecture import MAY_IMPORT, MAY_NAME, ROOMS, _files, _imports

PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
PICTURE = PAGE.partition("```mermaid\n")[2].partition("```")[0]
IMPORTS = set(re.findall(r"^ +(\w+) --> (\w+)$", PICTURE, re.MULTILINE))
TYPES = set(re.findall(r"^ +(\w+) -\. types \.-> (\w+)$", PICTURE, re.MULTILINE))
FLOWS = set(re.findall(r"^ +(\w+) == \"[^\"]+\" ==> (\w+)", PICTURE, re.MULTILINE))
NETWORK = {"boto3", "botocore", "hvac", "requests", "OpenSSL"}
"""What talks to Vault, AWS and TLS hosts."""


@functools.cache
def _from(room: str, *, for_types: bool = False) -> set[str]:
    found = {name for path in _files(room) for name in _imports(path, for_types=for_types)}
    return (found & set(ROOMS)) - {room}


def test_every_line_of_the_picture_is_understood() -> None:
    arrows = [line for line in PICTURE.splitlines() if re.search(r"->|==>", line)]
    assert len(arrows) == len(IMPORTS) + len(TYPES) + len(FLOWS)


def test_its_plain_arrows_are_the_imports_of_the_code() -> None:
    assert {(room, other) for room in ROOMS for other in _from(room)} == IMPORTS
    assert {(room, other) for room, others in MAY_IMPORT.items() for other in others} >= IMPORTS


def test_its_dotted_arrows_are_the_types_that_a_room_is_given() -> None:
    named = {(room, each) for room in ROOMS for each in _from(room, for_types=True)} - IMPORTS
    assert named == TYPES
    assert {(room, each) for room, others in MAY_NAME.items() for each in others} == TYPES


def test_every_room_is_in_it_and_has_its_promise() -> None:
    (table,) = [part for part in PAGE.split("\n\n") if part.startswith("| room |")]
    assert [row[0].strip("`") for row in rows(table)] == list(ROOMS_IN_ORDER)
    assert set(ROOMS_IN_ORDER) == set(ROOMS)
    drawn = {name for arrow in IMPORTS | FLOWS for name in arrow}
    assert drawn >= set(ROOMS)


ROOMS_IN_ORDER = (
    *("__main__", "settings", "federation", "clients", "components", "operations"),
    *("schemas", "policies", "lab", "tools", "benchmarks"),
)
"""As a newcomer meets them."""


@pytest.mark.parametrize("room", ["__main__", "settings", "federation", "components", "operations"])
def test_of_the_rooms_clients_alone_reach_out(room: str) -> None:
    """Vault, AWS and the issuer's host have a thick arrow from no other room."""
    libraries = {name for path in _files(room) for name in _imports(path)}
    assert libraries & NETWORK == set()
    clouds = {"vault", "aws", "issuer"}
    assert {begin for begin, end in FLOWS if end in clouds} - clouds == {"clients", "engine"}
