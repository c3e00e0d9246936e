"""Who owns issuer, signing key and identity provider, from one update to the next."""

from __future__ import annotations

from typing import Any, Self

import pytest

from clients import aws as aws_client
from clients import vault as vault_client
from components import (
    identity_provider_check,
    identity_provider_guard,
    issuer_check,
    issuer_guard,
)

ADDRESS = "https://vault.example.com"
ARN = "arn:aws:iam::123456789012:oidc-provider/vault.example.com/v1/identity/oidc/plugins"
KEY = "dev-root-plugin-identity"


class FakeVault:
    """One namespace's issuer and keys, in memory."""

    def __init__(self, issuer: str = "", *keys: str, unreachable: bool = False) -> None:
        self._issuer, self._keys, self._unreachable = issuer, keys, unreachable

    def __call__(self, address: str, namespace: str) -> Self:
        assert (address, namespace) == (ADDRESS, "")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def issuer(self) -> str:
        return self._issuer

    def signing_keys(self) -> list[str]:
        if self._unreachable:
            raise vault_client.VaultUnreachableError(f"{ADDRESS} cannot be reached")
        return list(self._keys)


class FakeProviders:
    """The audiences of the account's one identity provider, in memory; None: there is none."""

    def __init__(self, audiences: frozenset[str] | None) -> None:
        self._audiences = audiences

    def __call__(self, _access: aws_client.AccountAccess) -> Self:
        return self

    def audiences(self, provider_arn: str) -> frozenset[str] | None:
        assert provider_arn == ARN
        return self._audiences


def issuer(ownership: str, address: str = ADDRESS) -> dict[str, Any]:
    asked = {"address": ADDRESS, "namespace": "", "key": KEY}
    return asked | {"issuer": address, "ownership": ownership}


def provider(ownership: str, arn: str = ARN) -> dict[str, Any]:
    account = {"account_id": "123456789012", "region": "us-east-1"}
    return account | {"provider_arn": arn, "ownership": ownership}


MOVED = "https://moved.example.com"


@pytest.mark.parametrize(
    ("held", "before", "now", "told"),
    [
        ("", {}, issuer("managed"), ""),
        (ADDRESS, {}, issuer("managed"), "Set vault.issuer: existing to use it"),
        (MOVED, {}, issuer("managed"), f"existing and vault.issuerAddress: {MOVED} to use it"),
        (ADDRESS, issuer("managed"), issuer("managed"), ""),
        ("", issuer("managed"), issuer("managed"), ""),
        (ADDRESS, issuer("managed"), issuer("managed", MOVED), ""),
        (MOVED, issuer("managed"), issuer("managed"), "already, and not this stack's"),
        (ADDRESS, issuer("managed"), issuer("existing"), "keep vault.issuer: managed"),
        (ADDRESS, {}, issuer("existing"), ""),
        ("", {}, issuer("existing"), "set vault.issuer: managed"),
        (MOVED, {}, issuer("existing"), f"set vault.issuerAddress: {MOVED}"),
        ("", issuer("existing"), issuer("existing"), "set vault.issuer: managed"),
        ("", issuer("existing"), issuer("managed"), ""),
        (ADDRESS, issuer("existing"), issuer("managed"), "already, and not this stack's"),
    ],
)
def test_an_issuer_is_the_stacks_own_or_there_for_it(
    held: str,
    before: dict[str, Any],
    now: dict[str, Any],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vault_client, "Vault", FakeVault(held))
    found = issuer_check._IssuerCheckProvider().check(before, now)
    assert found.inputs == now
    assert len(found.failures) == bool(told)
    assert told in "".join(failure.reason for failure in found.failures)


@pytest.mark.parametrize(("before", "refused"), [({}, True), (issuer("managed"), False)])
def test_a_signing_key_that_was_there_before_is_another_stacks(
    before: dict[str, Any], *, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_client, "Vault", FakeVault("", "default", KEY))
    found = issuer_check._IssuerCheckProvider().check(before, issuer("managed"))
    assert [failure.property for failure in found.failures] == ["key"] * refused


@pytest.mark.parametrize(
    ("held", "before", "now", "told"),
    [
        (None, {}, provider("managed"), ""),
        (frozenset(), {}, provider("managed"), "set identityProvider: existing"),
        (frozenset(), provider("managed"), provider("managed"), ""),
        (None, provider("managed"), provider("managed"), ""),
        (frozenset(), provider("managed", "old"), provider("managed"), "exists already"),
        (frozenset(), provider("managed"), provider("existing"), "keep identityProvider: managed"),
        (frozenset(), {}, provider("existing"), ""),
        (None, {}, provider("existing"), "set identityProvider: managed"),
        (None, provider("existing"), provider("managed"), ""),
        (frozenset(), provider("existing"), provider("managed"), "exists already"),
    ],
)
def test_an_identity_provider_is_the_stacks_own_or_there_for_it(
    held: frozenset[str] | None,
    before: dict[str, Any],
    now: dict[str, Any],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aws_client, "IdentityProviders", FakeProviders(held))
    found = identity_provider_check._IdentityProviderCheckProvider().check(before, now)
    assert found.inputs == now
    assert len(found.failures) == bool(told)
    assert told in "".join(failure.reason for failure in found.failures)


def test_an_issuer_that_others_sign_under_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, props = issuer_guard._IssuerGuardProvider(), issuer("managed")
    for keys in ((), ("default", KEY, "somebody's-own")):
        monkeypatch.setattr(vault_client, "Vault", FakeVault(ADDRESS, *keys))
        guard.delete("issuer/root", props)
    monkeypatch.setattr(vault_client, "Vault", FakeVault(ADDRESS, "b-root-plugin-identity", KEY))
    with pytest.raises(issuer_guard.IssuerInUseError, match="with b-root-plugin-identity"):
        guard.delete("issuer/root", props)


def test_a_vault_that_is_gone_keeps_no_issuer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(vault_client, "Vault", FakeVault(unreachable=True))
    issuer_guard._IssuerGuardProvider().delete("issuer/root", issuer("managed"))
    assert "cannot be reached" in caplog.text


def test_an_identity_provider_that_others_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = identity_provider_guard._IdentityProviderGuardProvider()
    props = provider("managed") | {"audiences": ["ours"]}
    for held in (None, frozenset[str](), frozenset({"ours"})):
        monkeypatch.setattr(aws_client, "IdentityProviders", FakeProviders(held))
        guard.delete(ARN, props)
    held = frozenset({"ours", "theirs"})
    monkeypatch.setattr(aws_client, "IdentityProviders", FakeProviders(held))
    with pytest.raises(
        identity_provider_guard.IdentityProviderInUseError, match="others use its audiences theirs"
    ):
        guard.delete(ARN, props)


def test_another_identity_provider_has_another_guard() -> None:
    guard = identity_provider_guard._IdentityProviderGuardProvider()
    old = provider("managed") | {"audiences": ["ours"]}
    assert not guard.diff(ARN, old, old).changes
    more = guard.diff(ARN, old, old | {"audiences": ["ours", "more"]})
    assert (more.changes, more.replaces) == (True, [])
    assert guard.diff(ARN, old, old | {"provider_arn": "new"}).replaces == ["provider_arn"]
