"""Who owns issuer, signing key, identity provider and namespace, from one update to the next.

What is refused instead is in ``refusals/deploying.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import VaultUnreachableError
from components.dynamic.identity_provider import (
    _IdentityProviderCheckProvider,
    _IdentityProviderGuardProvider,
)
from components.dynamic.issuer import _IssuerCheckProvider, _IssuerGuardProvider
from components.dynamic.namespace import _NamespaceCheckProvider, _NamespaceGuardProvider
from tests.unit.clouds import ADDRESS, ARN, KEY, World, issuer, namespace, provider

MOVED = "https://moved.example.com"


GONE = VaultUnreachableError(f"{ADDRESS} cannot be reached")


@pytest.mark.parametrize(
    ("held", "before", "now"),
    [
        ("", {}, issuer("managed")),
        (ADDRESS, issuer("managed"), issuer("managed")),
        ("", issuer("managed"), issuer("managed")),
        (ADDRESS, issuer("managed"), issuer("managed", MOVED)),
        (ADDRESS, {}, issuer("existing")),
        ("", issuer("existing"), issuer("managed")),
    ],
)
def test_an_issuer_is_the_stacks_own_or_there_for_it(
    held: str, before: dict[str, Any], now: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    World(issuer_held=held).put_in_place(monkeypatch)
    found = _IssuerCheckProvider().check(before, now)
    assert (found.inputs, found.failures) == (now, [])


def test_a_signing_key_that_the_stack_has_made_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    World(keys=("default", KEY)).put_in_place(monkeypatch)
    found = _IssuerCheckProvider().check(issuer("managed"), issuer("managed"))
    assert found.failures == []


@pytest.mark.parametrize(
    ("held", "before", "now"),
    [
        (None, {}, provider("managed")),
        (frozenset(), provider("managed"), provider("managed")),
        (None, provider("managed"), provider("managed")),
        (frozenset(), {}, provider("existing")),
        (None, provider("existing"), provider("managed")),
    ],
)
def test_an_identity_provider_is_the_stacks_own_or_there_for_it(
    held: frozenset[str] | None,
    before: dict[str, Any],
    now: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    World(registered=held).put_in_place(monkeypatch)
    found = _IdentityProviderCheckProvider().check(before, now)
    assert (found.inputs, found.failures) == (now, [])


@pytest.mark.parametrize(
    ("held", "before", "now"),
    [
        (frozenset(), {}, namespace("managed")),
        (frozenset({"sub"}), namespace("managed"), namespace("managed")),
        (frozenset(), namespace("managed"), namespace("managed")),
        (frozenset({"sub"}), {}, namespace("existing")),
        (frozenset(), namespace("existing"), namespace("managed")),
    ],
)
def test_a_namespace_is_the_stacks_own_or_there_for_it(
    held: frozenset[str],
    before: dict[str, Any],
    now: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    World(namespace="team", namespaces=held).put_in_place(monkeypatch)
    found = _NamespaceCheckProvider().check(before, now)
    assert (found.inputs, found.failures) == (now, [])


def test_an_issuer_that_nobody_else_signs_under_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    for keys in ((), ("default", KEY, "somebody's-own")):
        World(keys=keys).put_in_place(monkeypatch)
        _IssuerGuardProvider().delete("issuer/root", issuer("managed"))


def test_a_namespace_that_is_empty_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    World(namespace="team").put_in_place(monkeypatch)
    guarded = {"address": ADDRESS, "namespace": "team"}
    _NamespaceGuardProvider().delete("namespace/team", guarded)


def test_a_vault_that_is_gone_keeps_neither(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    World(failing=GONE).put_in_place(monkeypatch)
    _IssuerGuardProvider().delete("issuer/root", issuer("managed"))
    guarded = {"address": ADDRESS, "namespace": ""}
    _NamespaceGuardProvider().delete("namespace/", guarded)
    assert caplog.text.count("cannot be reached") == 2


def test_an_identity_provider_that_nobody_else_uses_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = _IdentityProviderGuardProvider()
    props = (
        provider("managed")
        | {"address": ADDRESS, "namespace": "", "key": KEY}
        | {"audiences": ["ours"]}
    )
    for held in (None, frozenset[str](), frozenset({"ours"})):
        World(registered=held).put_in_place(monkeypatch)
        guard.delete(ARN, props)


def test_another_identity_provider_has_another_guard() -> None:
    guard = _IdentityProviderGuardProvider()
    old = provider("managed") | {"audiences": ["ours"]}
    assert guard.diff(ARN, old, old | {"audiences": ["ours", "more"]}).replaces == []
    assert guard.diff(ARN, old, old | {"provider_arn": "new"}).replaces == ["provider_arn"]
