"""The end of a Vault role's leases, against a Vault in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clients.errors import VaultError, VaultForbiddenError, VaultUnreachableError
from clients.secrets_engine import SecretsEngine
from clients.vault import HeldFederation, HeldMount
from federation.identity import MountClass
from operations.leases import errors, revoke

if TYPE_CHECKING:
    from clients.vault import Vault


class FakeVault:
    """Leases by prefix; ``refusals`` are raised by the next revocations, one each.

    ``requests`` are what is under way at each look, the last one for ever.
    """

    def __init__(self, *leases: str, refusals: list[VaultError] | None = None) -> None:
        self.held = set(leases)
        self.refusals = refusals or []
        self.appearing: list[str] = []
        self.revocations = 0
        self.reconnected = 0
        self.vault_roles: tuple[str, ...] = ()
        self.requests: list[dict[str, str]] = [{}]
        self.audience = "vault-aws-secrets"

    def leases(self, prefix: str) -> list[str]:
        return sorted(lease for lease in self.held if lease.startswith(f"{prefix}/"))

    def revoke_prefix(self, prefix: str) -> None:
        self.revocations += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.held = {lease for lease in self.held if not lease.startswith(f"{prefix}/")}
        if self.appearing:
            self.held.add(self.appearing.pop())

    def read(self, path: str) -> dict[str, str]:
        assert path == "aws/config/root"
        return {"identity_token_audience": self.audience}

    def write(self, path: str, data: dict[str, str]) -> None:
        assert (path, data) == ("aws/config/root", self.read(path))
        self.reconnected += 1

    def federation(self, mount_class: MountClass, path: str) -> HeldFederation:
        assert (mount_class, path) == (MountClass.SECRET, "aws")
        return HeldFederation(
            accessor="aws_1",
            audience=self.audience,
            role_arn="arn",
            token_ttl_seconds=600,
            token_key="key",
        )

    def mount(self, path: str) -> HeldMount:
        assert path == "aws"
        return HeldMount(kind="aws", vault_roles=self.vault_roles)

    def requests_under_way(self) -> dict[str, str]:
        if self.refusals:
            raise self.refusals.pop(0)
        return self.requests.pop(0) if len(self.requests) > 1 else self.requests[0]


def _revoke(vault: FakeVault, deadline: float = 5) -> int:
    as_vault: Vault = vault  # type: ignore[assignment] # it has what is asked of it
    engine = SecretsEngine(as_vault, "aws")
    return revoke.revoke(engine, "my-role", deadline=deadline)


def _await_requests(vault: FakeVault, deadline: float = 5, namespace: str = "") -> bool:
    as_vault: Vault = vault  # type: ignore[assignment] # it has what is asked of it
    return revoke.await_requests(as_vault, namespace, "aws", "my-role", deadline=deadline)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoke, "PAUSE_SECONDS", 0)


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


def test_what_a_changed_role_hands_out_by_now_is_not_waited_for() -> None:
    vault = FakeVault("aws/creds/my-role/old")
    vault.appearing = ["aws/creds/my-role/3", "aws/creds/my-role/2", "aws/creds/my-role/1"]
    vault.vault_roles = ("my-role",)
    assert _revoke(vault) == 2
    assert vault.held == {"aws/creds/my-role/1"}


NOT_SIGNED_IN = "failed to revoke: NoCredentialProviders: no valid providers in chain"


def test_an_engine_that_never_signed_in_is_made_to_do_it_anew() -> None:
    vault = FakeVault(
        "aws/creds/my-role/1", refusals=[VaultError(NOT_SIGNED_IN), VaultError("AccessDenied")]
    )
    assert _revoke(vault) == 1
    assert vault.reconnected == 1


def test_an_engine_that_is_not_federated_any_more_is_not_waited_for() -> None:
    vault = FakeVault("aws/creds/my-role/1", refusals=[VaultError(NOT_SIGNED_IN)] * 2)
    vault.audience = ""
    with pytest.raises(errors.NotFederatedError, match="aws/config/root has no"):
        _revoke(vault)
    assert vault.revocations == 1
    assert vault.reconnected == 0


def test_as_long_as_leases_go_nobody_gives_up() -> None:
    class Slow(FakeVault):
        def revoke_prefix(self, prefix: str) -> None:
            self.held.discard(self.leases(prefix)[0])
            raise VaultError("context deadline exceeded")

    vault = Slow(*(f"aws/creds/my-role/{number}" for number in range(5)))
    assert _revoke(vault, deadline=0.001) == 5


def test_requests_under_way_are_waited_for_and_later_ones_are_not() -> None:
    mine, later = "v1/aws/creds/my-role", "v1/aws/sts/my-role"
    vault = FakeVault()
    other = {"c": "v1/aws/creds/my-role-2", "d": "v1/sys/in-flight-req"}
    vault.requests = [{"a": mine, "b": mine, **other}, {"b": mine, **other}, {"e": later, **other}]
    assert _await_requests(vault)
    assert vault.requests == [{"e": later, **other}]


@pytest.mark.parametrize(
    ("namespace", "path"),
    [
        ("", "/v1/team-a/aws/creds/my-role"),
        ("", "/v1/other/aws/sts/my-role"),
        ("team-a", "/v1/team-b/aws/creds/my-role"),
        ("team-a", "/v1/team-a/sub/aws/creds/my-role"),
        ("team-a/sub", "/v1/team-a/aws/creds/my-role"),
        ("team-a/sub", "/v1/team-b/sub/aws/creds/my-role"),
    ],
)
def test_a_request_of_the_same_path_in_another_namespace_is_not_waited_for(
    namespace: str, path: str
) -> None:
    vault = FakeVault()
    vault.requests = [{"a": path}]
    assert _await_requests(vault, 0, namespace)


@pytest.mark.parametrize(
    ("namespace", "path"),
    [
        ("", "/v1/aws/sts/my-role"),
        ("team-a", "/v1/team-a/aws/creds/my-role"),
        # What stands in the header may be missing from the listed path.
        ("team-a", "/v1/aws/creds/my-role"),
        ("team-a/sub", "/v1/team-a/sub/aws/creds/my-role"),
        ("team-a/sub", "/v1/sub/aws/creds/my-role/"),
        ("team-a/sub", "/v1/aws/creds/my-role"),
    ],
)
def test_a_request_of_the_own_namespace_is_waited_for_however_it_names_it(
    namespace: str, path: str
) -> None:
    vault = FakeVault()
    vault.requests = [{"a": path}]
    with pytest.raises(errors.RequestsRemainError):
        _await_requests(vault, 0, namespace)


def test_a_request_that_does_not_end_stops_the_destroy() -> None:
    vault = FakeVault()
    vault.requests = [{"a": "v1/aws/creds/my-role"}]
    with pytest.raises(errors.RequestsRemainError, match=r"1 request\(s\).*aws/my-role"):
        _await_requests(vault, deadline=0)


def test_a_token_that_may_not_see_requests_is_told_apart_from_a_vault_that_is_away() -> None:
    assert not _await_requests(FakeVault(refusals=[VaultForbiddenError("no")]))
    with pytest.raises(VaultUnreachableError):
        _await_requests(FakeVault(refusals=[VaultUnreachableError("no")]))


def test_a_refusal_is_repeated_until_aws_agrees() -> None:
    vault = FakeVault("aws/creds/my-role/1", refusals=[VaultError("AccessDenied")] * 3)
    assert _revoke(vault) == 1
    assert vault.revocations == 4


def test_vault_is_given_the_time_it_needs_to_believe_that_a_user_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    gone = VaultError("failed to revoke: NoSuchEntity: The user cannot be found")
    vault = FakeVault("aws/creds/my-role/1", refusals=[gone] * 3)
    assert _revoke(vault, deadline=0) == 1
    assert caplog.text.count("five minutes old: waiting") == 1


def test_a_user_who_stays_gone_for_longer_than_that_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revoke, "GONE_USER_SECONDS", 0)
    vault = FakeVault("aws/creds/my-role/1", refusals=[VaultError("NoSuchEntity")] * 3)
    with pytest.raises(errors.LeasesRemainError, match="NoSuchEntity"):
        _revoke(vault, deadline=0)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("AccessDenied", errors.LeasesRemainError),
        ("NoCredentialProviders", errors.EngineNotSignedInError),
        (
            "DeleteConflict: Cannot delete entity, must delete login",
            errors.UserKeptError,
        ),
    ],
)
def test_what_remains_is_said_with_the_reason(reason: str, kind: type[Exception]) -> None:
    refusals = [VaultError(f"failed to revoke: {reason}")] * 3
    vault = FakeVault("aws/creds/my-role/1", refusals=refusals)
    with pytest.raises(errors.LeasesRemainError) as refusal:
        _revoke(vault, deadline=0)
    assert refusal.type is kind
    assert "1 lease(s) under aws/creds/my-role are left" in str(refusal.value)
    assert "aws/creds/my-role/1" in str(refusal.value)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("error", [VaultUnreachableError, VaultForbiddenError])
def test_what_no_waiting_mends_is_not_repeated(error: type[VaultError]) -> None:
    vault = FakeVault("aws/creds/my-role/1", refusals=[error("no")])
    with pytest.raises(error):
        _revoke(vault)
    assert vault.revocations == 1


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (VaultUnreachableError, "If Vault is gone for good"),
        (VaultForbiddenError, "`update` and `sudo` on sys/leases/revoke-prefix"),
        (errors.RequestsRemainError, "Find out what holds them up"),
        (errors.LeasesRemainError, "Check that Vault reaches AWS"),
        (errors.LeasesRemainError, "from a service control policy of the organisation"),
        (
            errors.EngineNotSignedInError,
            "or a resource control policy of the organisation",
        ),
        (errors.EngineNotSignedInError, "AWS's own reason is in CloudTrail"),
        (
            errors.UserKeptError,
            "It is one of these: a password (`aws iam delete-login-profile`)",
        ),
        (errors.NotFederatedError, "`vault write -namespace=team-a aws/config/root"),
    ],
)
def test_the_command_says_why_it_failed_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    advice: str,
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "not-a-token")

    def failing(*_: object, **__: object) -> int:
        raise error("this failed")

    monkeypatch.setattr(revoke, "await_requests", failing)
    with pytest.raises(errors.RevocationError) as refusal:
        revoke.revoke_all("https://127.0.0.1:9", "team-a", "aws", "my-role")
    said = str(refusal.value)
    assert said.startswith("this failed\n")
    assert advice in said
    assert "then repeat the `pulumi destroy` or `pulumi up` that failed" in said
    assert "not-a-token" not in said
