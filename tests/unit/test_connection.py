"""What the connection to Vault does not mind."""

from __future__ import annotations

import pytest

from components.dynamic import connection

ASKED = {"address": "https://vault.example.com", "rights": {}}


@pytest.fixture(autouse=True)
def _sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_trouble", lambda _address: "")
    monkeypatch.setattr(connection, "_lacking", lambda _address, _rights: "")


@pytest.mark.parametrize("held", [None, ""])
def test_a_shell_without_one_is_accepted(monkeypatch: pytest.MonkeyPatch, held: str | None) -> None:
    monkeypatch.delenv("VAULT_NAMESPACE", raising=False)
    if held is not None:
        monkeypatch.setenv("VAULT_NAMESPACE", held)
    provider = connection._ConnectionProvider()
    assert provider.check({}, ASKED).failures == []
    assert provider.read("connection", ASKED).id == "connection"
