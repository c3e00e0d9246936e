"""What FederationCheck lets through and records of a mount of the aws auth method.

What it refuses is in ``refusals/deploying.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from components import federation_check
from components.federation_check import ABLE
from tests.unit.clouds import World, federation


def create(**changes: object) -> dict[str, Any]:
    """Create the check and return what it records."""
    made = federation_check._FederationCheckProvider().create(federation(**changes))
    assert made.id == "auth/aws"
    return made.outs or {}


def read(recorded: dict[str, Any]) -> dict[str, Any]:
    """Refresh the check and return what it records."""
    return federation_check._FederationCheckProvider().read("auth/aws", recorded).outs or {}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> World:
    return World().put_in_place(monkeypatch)


def test_what_is_as_declared_is_let_through(vault: World) -> None:
    assert "confusable" not in create()


def test_an_open_server_may_have_what_it_cannot_confuse(vault: World) -> None:
    vault.release = "1.20.4+ent"
    assert "confusable" not in create()


def test_a_server_that_turns_open_shows_in_a_refresh(vault: World) -> None:
    recorded = create(confusable="the wildcard X*")
    assert read(recorded)["server"] == ABLE
    vault.release = "1.19.10+ent"
    assert "CVE-2025-11621" in read(recorded)["server"]


def test_a_fixed_server_may_have_wildcards(vault: World) -> None:
    vault.release = "1.20.5+ent"
    assert create(confusable="the wildcard X*")["confusable"] == "the wildcard X*"
