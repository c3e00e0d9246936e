"""What FederationCheck says of a mount of the aws auth method."""

from __future__ import annotations

from typing import Any, Self

import pytest

from clients import auth_method
from clients import vault as client
from components import federation_check, federation_probe
from components.federation_check import ABLE, FederationError
from federation.identity import MountClass

KEY = "dev-root-plugin-identity"
ISSUER = "https://vault.example.com/v1/identity/oidc/plugins"
HELD = {
    "accessor": "auth_aws_1",
    "audience": "logins",
    "role_arn": "arn:aws:iam::123456789012:role/vault-auth-dev-root-aws",
    "token_ttl_seconds": 3_600,
    "token_key": KEY,
}


class FakeVault:
    """A Vault that says which it is and what its mount holds."""

    release = "1.21.0+ent"
    held: dict[str, Any] = HELD
    trouble = ""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def version(self) -> str:
        return self.release

    def federation(self, mount_class: MountClass, path: str) -> client.HeldFederation:
        assert (mount_class, path) == (MountClass.AUTH, "aws")
        return client.HeldFederation(**self.held)


def asked(**changes: object) -> dict[str, Any]:
    """Return the inputs of the check, as the engine hands them over."""
    return {
        "address": "https://vault.example.com",
        "namespace": "",
        "path": "aws",
        "mount_class": "auth",
        "server": ABLE,
        "issuer": ISSUER,
        **HELD,
        "token_ttl_seconds": 3_600.0,
        **changes,
    }


def create(**changes: object) -> dict[str, Any]:
    """Create the check and return what it records."""
    made = federation_check._FederationCheckProvider().create(asked(**changes))
    assert made.id == "auth/aws"
    return made.outs or {}


def read(recorded: dict[str, Any]) -> dict[str, Any]:
    """Refresh the check and return what it records."""
    return federation_check._FederationCheckProvider().read("auth/aws", recorded).outs or {}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> type[FakeVault]:
    class Fake(FakeVault):
        """One for each test."""

    documents = {"issuer": ISSUER, "keys": [{}]}
    monkeypatch.setattr(client, "Vault", Fake)
    monkeypatch.setattr(auth_method, "AuthMethod", Fake)
    monkeypatch.setattr(client, "public_document", lambda _url: documents)
    monkeypatch.setattr(federation_probe, "await_reach", lambda *_: Fake.trouble)
    return Fake


def test_what_is_as_declared_is_let_through(vault: type[FakeVault]) -> None:
    assert "confusable" not in create()


@pytest.mark.parametrize("release", ["1.16.27+ent", "1.15.0+ent"])
def test_auth_methods_are_federated_one_release_later(release: str, vault: type[FakeVault]) -> None:
    vault.release = release
    with pytest.raises(FederationError, match=r"from release 1\.17 on: upgrade Vault"):
        create()


def test_an_open_server_is_refused_where_it_could_confuse_principals(
    vault: type[FakeVault],
) -> None:
    vault.release = "1.20.4+ent"
    create()
    with pytest.raises(FederationError) as refusal:
        create(confusable="the wildcard X*")
    assert str(refusal.value) == (
        "the mount aws would let strangers in: Vault is 1.20.4+ent, open to CVE-2025-11621, and "
        "with the wildcard X* it would take principals of other accounts for those that are bound. "
        "Upgrade Vault (fixed in 1.21.0, 1.20.5, 1.19.11 and 1.16.27), or bind exact principals, "
        "each name in one account; then run `pulumi up` again"
    )


def test_a_server_that_turns_open_shows_in_a_refresh(vault: type[FakeVault]) -> None:
    recorded = create(confusable="the wildcard X*")
    assert read(recorded)["server"] == ABLE
    vault.release = "1.19.10+ent"
    assert "CVE-2025-11621" in read(recorded)["server"]


def test_a_fixed_server_may_have_wildcards(vault: type[FakeVault]) -> None:
    vault.release = "1.20.5+ent"
    assert create(confusable="the wildcard X*")["confusable"] == "the wildcard X*"


def test_a_key_that_the_provider_would_never_write_again_has_its_own_remedy(
    vault: type[FakeVault],
) -> None:
    vault.held = {**HELD, "token_key": ""}
    with pytest.raises(FederationError, match=f"type `vault auth tune -identity-token-key={KEY}"):
        create()
    vault.held = {**HELD, "audience": ""}
    with pytest.raises(FederationError, match="writes its configuration: run `pulumi up` again"):
        create()


def test_a_method_that_does_not_reach_aws_is_not_let_through(vault: type[FakeVault]) -> None:
    vault.trouble = "Vault acts as somebody else"
    with pytest.raises(FederationError) as refusal:
        create()
    assert str(refusal.value) == (
        "the mount aws is of no use: Vault acts as somebody else; then run `pulumi up` again"
    )
