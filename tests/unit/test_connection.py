"""A shell that would send Pulumi's own resources elsewhere is refused before anything else."""

from __future__ import annotations

import pytest

from components import connection

ASKED = {"address": "https://vault.example.com"}


@pytest.fixture(autouse=True)
def _sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_trouble", lambda _address: "")


def test_a_namespace_of_the_shell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_NAMESPACE", "team-a")
    provider = connection._ConnectionProvider()
    (failure,) = provider.check({}, ASKED).failures
    assert failure.reason == (
        "VAULT_NAMESPACE is 'team-a', and the official provider takes it for the root namespace: "
        "unset it; namespaces are declared in the settings"
    )
    with pytest.raises(connection.MisledError, match="VAULT_NAMESPACE is 'team-a'"):
        provider.read("connection", ASKED)


@pytest.mark.parametrize("held", [None, ""])
def test_a_shell_without_one_is_accepted(monkeypatch: pytest.MonkeyPatch, held: str | None) -> None:
    monkeypatch.delenv("VAULT_NAMESPACE", raising=False)
    if held is not None:
        monkeypatch.setenv("VAULT_NAMESPACE", held)
    provider = connection._ConnectionProvider()
    assert provider.check({}, ASKED).failures == []
    assert provider.read("connection", ASKED).id == "connection"
