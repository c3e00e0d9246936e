"""The end of a Vault role's leases, against a Vault in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clients.vault import VaultError, VaultForbiddenError, VaultUnreachableError
from operations import revoke_leases

if TYPE_CHECKING:
    from clients.vault import Vault


class FakeVault:
    """Leases by prefix; ``refusals`` are raised by the next revocations, one each."""

    def __init__(self, *leases: str, refusals: list[VaultError] | None = None) -> None:
        self.held = set(leases)
        self.refusals = refusals or []
        self.appearing: list[str] = []
        self.revocations = 0

    def leases(self, prefix: str) -> list[str]:
        return sorted(lease for lease in self.held if lease.startswith(f"{prefix}/"))

    def revoke_prefix(self, prefix: str) -> None:
        self.revocations += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.held = {lease for lease in self.held if not lease.startswith(f"{prefix}/")}
        if self.appearing:
            self.held.add(self.appearing.pop())


def _revoke(vault: FakeVault, deadline: float = 5) -> int:
    as_vault: Vault = vault  # type: ignore[assignment] # it has what is asked of it
    return revoke_leases.revoke(as_vault, "aws", "my-role", deadline=deadline)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoke_leases, "PAUSE_SECONDS", 0)


def test_nothing_is_asked_of_a_role_without_leases() -> None:
    vault = FakeVault("aws/creds/other/1", "aws/creds/my-role-2/1")
    assert _revoke(vault) == 0
    assert vault.revocations == 0


def test_both_paths_are_emptied_and_no_other_role_is_touched() -> None:
    vault = FakeVault("aws/creds/my-role/1", "aws/sts/my-role/2", "aws/creds/my-role-2/3")
    assert _revoke(vault) == 2
    assert vault.held == {"aws/creds/my-role-2/3"}


def test_a_lease_that_appears_meanwhile_is_revoked_as_well() -> None:
    vault = FakeVault("aws/creds/my-role/1")
    vault.appearing = ["aws/creds/my-role/late"]
    assert _revoke(vault) == 2
    assert vault.held == set()


def test_a_refusal_is_repeated_until_aws_agrees() -> None:
    vault = FakeVault("aws/creds/my-role/1", refusals=[VaultError("AccessDenied")] * 3)
    assert _revoke(vault) == 1
    assert vault.revocations == 4


def test_what_remains_is_said_with_the_reason() -> None:
    refusals = [VaultError("failed to revoke: AccessDenied")] * 3
    vault = FakeVault("aws/creds/my-role/1", refusals=refusals)
    with pytest.raises(revoke_leases.LeasesRemainError) as refusal:
        _revoke(vault, deadline=0)
    assert "1 lease(s) under aws/creds/my-role are left" in str(refusal.value)
    assert "aws/creds/my-role/1" in str(refusal.value)
    assert "AccessDenied" in str(refusal.value)


@pytest.mark.parametrize("error", [VaultUnreachableError, VaultForbiddenError])
def test_what_no_waiting_mends_is_not_repeated(error: type[VaultError]) -> None:
    vault = FakeVault("aws/creds/my-role/1", refusals=[error("no")])
    with pytest.raises(error):
        _revoke(vault)
    assert vault.revocations == 1


def test_the_command_says_why_it_failed_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://127.0.0.1:9")
    monkeypatch.setenv("VAULT_TOKEN", "not-a-token")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)

    def unreachable(*_: object, **__: object) -> int:
        raise VaultUnreachableError("Vault at https://127.0.0.1:9 does not answer")

    monkeypatch.setattr(revoke_leases, "revoke", unreachable)
    assert revoke_leases.main(["aws", "my-role"]) == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "pulumi destroy" in said
    assert "not-a-token" not in said


def test_the_command_wants_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    with pytest.raises(SystemExit):
        revoke_leases.main(["aws", "my-role"])
    assert "VAULT_ADDR is not set" in capsys.readouterr().err
