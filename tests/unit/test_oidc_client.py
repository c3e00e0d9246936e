"""The dynamic provider of a login's configuration, called as the engine calls it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from clients import vault as client
from clients.errors import VaultError
from clients.logins import HeldOidcClient
from components.dynamic import oidc_client, reach

if TYPE_CHECKING:
    from pulumi.dynamic import ResourceProvider

DECLARED = {
    "address": "https://vault.example.com",
    "namespace": "team",
    "path": "people",
    "accessor": "auth_oidc_1",
    "client_secret": "false-client-secret",
    "discovery_url": "https://people.example.com",
    "client_id": "vault",
    "default_role": "people",
}


class FakeVault:
    """A Vault that holds at most one OIDC configuration."""

    held: HeldOidcClient | None = None
    secret = ""
    refusing = False

    def __call__(self, address: str, namespace: str) -> FakeVault:
        assert (address, namespace) == ("https://vault.example.com", "team")
        return self

    def oidc_client(self, path: str) -> HeldOidcClient | None:
        assert path == "people"
        if self.refusing:
            raise VaultError("Vault cannot be reached")
        return self.held

    def configure_oidc(
        self, path: str, *, client_secret: str, provider_config: dict[str, Any], **given: str
    ) -> None:
        assert path == "people"
        self.held = HeldOidcClient(**given, provider_config=provider_config or None)
        self.secret = client_secret


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> FakeVault:
    fake = FakeVault()
    monkeypatch.setattr(client, "Vault", fake)
    monkeypatch.setattr(reach, "Logins", lambda vault: vault)
    reach.forget()
    return fake


@pytest.fixture
def provider() -> ResourceProvider:
    return oidc_client._OidcClientProvider()


def test_what_is_declared_is_written_whole(vault: FakeVault, provider: ResourceProvider) -> None:
    outputs: Any = provider.create(DECLARED).outs
    assert vault.held == HeldOidcClient(
        discovery_url="https://people.example.com", client_id="vault", default_role="people"
    )
    assert vault.secret == "false-client-secret"
    provider.update("oidc-client", outputs, {**DECLARED, "client_secret": "another-false-one"})
    assert vault.secret == "another-false-one"


def test_a_refresh_shows_what_vault_holds(vault: FakeVault, provider: ResourceProvider) -> None:
    vault.held = HeldOidcClient(
        discovery_url="https://elsewhere.example.com", client_id="vault", default_role="people"
    )
    found: Any = provider.read("oidc-client", DECLARED).outs
    assert found == {**DECLARED, "discovery_url": "https://elsewhere.example.com"}


def test_how_groups_are_asked_for_is_written_and_looked_at(
    vault: FakeVault, provider: ResourceProvider
) -> None:
    entra = {**DECLARED, "provider_config": {"provider": "azure"}}
    assert provider.create(entra).outs == entra
    assert provider.read("oidc-client", entra).outs == entra
    assert vault.held
    vault.held = replace(vault.held, provider_config=None)
    gone: Any = provider.read("oidc-client", entra)
    assert "provider_config" not in gone.inputs
    # Written by somebody else, it would be asked without anybody having declared it.
    vault.held = replace(vault.held, provider_config={"provider": "gsuite"})
    theirs: Any = provider.read("oidc-client", DECLARED)
    assert theirs.inputs["provider_config"] == {"provider": "gsuite"}
    provider.update("oidc-client", DECLARED, DECLARED)
    assert vault.held.provider_config is None


def test_a_refresh_shows_a_configuration_that_is_gone(
    vault: FakeVault, provider: ResourceProvider
) -> None:
    vault.held = None
    found: Any = provider.read("oidc-client", DECLARED).outs
    assert (found["discovery_url"], found["client_id"], found["default_role"]) == ("", "", "")


def test_a_refresh_without_vault_keeps_what_was_known(
    vault: FakeVault, provider: ResourceProvider, caplog: pytest.LogCaptureFixture
) -> None:
    vault.refusing = True
    assert provider.read("oidc-client", DECLARED).outs == DECLARED
    assert "was not looked up" in caplog.text
    assert "false-client-secret" not in caplog.text
