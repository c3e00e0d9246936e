"""What the connection to Vault does not mind."""

from __future__ import annotations

import pytest

from components.dynamic import connection, reach

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


def test_who_only_previews_is_warned_of_the_rights_that_are_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An update asks again: without the word, the same token is refused."""

    class Reach:
        def capabilities(self, paths: list[str]) -> dict[str, list[str]]:
            return {path: ["read"] for path in paths}

    monkeypatch.undo()
    monkeypatch.setattr(reach, "first", lambda _address: Reach())
    asked = ASKED["address"], {"aws/config/root": ["read", "update"]}
    monkeypatch.delenv(connection.READ_ONLY, raising=False)
    assert "it lacks" in connection._lacking(*asked)  # type: ignore[arg-type] # one pair
    monkeypatch.setenv(connection.READ_ONLY, "1")
    assert connection._lacking(*asked) == ""  # type: ignore[arg-type] # one pair
    assert "it lacks" in caplog.text
