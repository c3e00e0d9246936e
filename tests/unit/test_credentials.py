"""Credentials on their way: what Vault is asked, when they end, and how many share them."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import pytest

from clients.errors import AwsError, VaultError, VaultForbiddenError, VaultUnreachableError
from operations import OperationError
from operations.credentials import cache, issue, shell
from operations.credentials.targets import Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clients.issued_identity import Keys
    from operations.credentials.issued import Issued

NOW = 1_800_000_000.0
TOKEN = "hvs.a-token-that-is-none"
SECRET = "a-secret-key-that-is-none"
TARGET = Target(
    name="aws/reader",
    address="https://vault.example.com",
    namespace="",
    mount="aws",
    role="reader",
    region="eu-central-1",
)
REVOKED = "sys/leases/revoke/aws/creds/reader/1"


@dataclass
class FakeVault:
    """What one token sees of Vault, by path; every request is kept."""

    lease: dict[str, Any]
    token: dict[str, Any] = field(default_factory=lambda: _token(None))
    renewed: int | VaultError = 3600
    asked: list[str] = field(default_factory=list)
    refused: VaultError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    address = "https://vault.example.com"

    def read(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return self.token

    def fetched_once(self, path: str, *_: object, **__: object) -> dict[str, Any]:
        self.asked.append(path)
        if self.refused:
            raise self.refused
        return self.lease

    def write(self, path: str, _data: Mapping[str, Any], **_: object) -> dict[str, Any]:
        self.asked.append(path)
        if path == "auth/token/renew-self":
            self.token = _token(self.token["creation_ttl"], self.token["creation_ttl"])
        if path == "sys/leases/renew":
            if isinstance(self.renewed, VaultError):
                raise self.renewed
            return {"lease_duration": self.renewed}
        return {}


def _token(seconds: int | None, first: int = 3600, *, renewable: bool = True) -> dict[str, Any]:
    return {
        "ttl": seconds or 0,
        "expire_time": None if seconds is None else "2030-01-01T00:00:00Z",
        "creation_ttl": first,
        "renewable": renewable,
        "display_name": "people-alice",
        "policies": ["default"],
    }


def _lease(seconds: int = 3600, *, session: str = "") -> dict[str, Any]:
    data = {"access_key": "AKIAEXAMPLE", "secret_key": SECRET, "session_token": session or None}
    return {
        "lease_id": "aws/creds/reader/1",
        "lease_duration": seconds,
        "renewable": not session,
        "data": data,
    }


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A clock that stands, AWS that knows every key, and a home of its own."""
    made: dict[str, Any] = {"now": NOW, "known": [], "vault": FakeVault(_lease())}

    def known(keys: Keys, *, seconds: float) -> str:
        made["known"].append((keys.access_key_id, keys.region, seconds))
        if error := made.get("unknown"):
            raise error
        return "arn:aws:iam::123456789012:user/one"

    monkeypatch.setattr("time.time", lambda: made["now"])
    monkeypatch.setattr(issue, "Vault", lambda *_given, **_more: made["vault"])
    monkeypatch.setattr(issue, "await_known", known)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    return made


def _end(world: dict[str, Any], vault: FakeVault) -> float:
    world["vault"] = vault
    return issue.issue(TARGET).expires_at - NOW


@pytest.mark.parametrize(
    ("lease", "token", "seconds"),
    [
        (_lease(3600), _token(None), 3600),
        (_lease(3600), _token(2000), 2000),
        (_lease(3600), _token(7200, 7200), 3600),
        (_lease(3600, session="s"), _token(2000), 3600),
    ],
    ids=["a token without end", "a token that ends first", "a lease that does", "a session"],
)
def test_they_end_with_lease_or_token_but_a_session_by_itself(
    world: dict[str, Any], lease: dict[str, Any], token: dict[str, Any], seconds: int
) -> None:
    assert _end(world, FakeVault(lease, token)) == seconds


@pytest.mark.parametrize(
    ("token", "renewed"),
    [
        (_token(1799, 3600), True),
        (_token(1801, 3600), False),
        (_token(60, 3600, renewable=False), False),
        (_token(None), False),
    ],
)
def test_a_token_is_renewed_once_half_of_its_life_is_over(
    world: dict[str, Any], token: dict[str, Any], *, renewed: bool
) -> None:
    vault = FakeVault(_lease(), token)
    _end(world, vault)
    assert ("auth/token/renew-self" in vault.asked) is renewed


def test_a_users_key_is_handed_out_once_aws_knows_it_and_a_session_at_once(
    world: dict[str, Any],
) -> None:
    _end(world, FakeVault(_lease(session="s")))
    assert world["known"] == []
    _end(world, FakeVault(_lease()))
    assert world["known"] == [("AKIAEXAMPLE", "eu-central-1", 60.0)]


def test_the_lease_of_a_key_that_aws_does_not_know_in_time_is_ended(world: dict[str, Any]) -> None:
    world["unknown"] = AwsError("does not know the key")
    with pytest.raises(AwsError, match="does not know the key"):
        issue.issue(TARGET)
    assert world["vault"].asked[-1] == REVOKED


def test_who_may_not_read_is_told_to_log_in(world: dict[str, Any]) -> None:
    refused = VaultForbiddenError("Vault does not read aws/creds/reader: denied (is VAULT_TOKEN?)")
    world["vault"] = FakeVault(_lease(), refused=refused)
    with pytest.raises(OperationError, match=r"denied: the token .* log in by `vaultaws login`"):
        issue.issue(TARGET)


def _cached() -> Issued:
    return cache.shared(TARGET)


def _file(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "cache").glob("*.json")
    return file


def test_a_second_reader_gets_the_first_ones_and_vault_is_not_asked(world: dict[str, Any]) -> None:
    first = _cached()
    asked = len(world["vault"].asked)
    world["now"] += 3600 - cache.AHEAD_SECONDS - 1
    assert _cached() == first
    assert len(world["vault"].asked) == asked


def test_the_file_is_its_owners_alone_and_holds_no_token(tmp_path: Path) -> None:
    _cached()
    file = _file(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert TOKEN not in f"{file.name}{file.read_text('utf-8')}"


@pytest.mark.parametrize(
    "other",
    [
        replace(TARGET, address="https://other.example.com"),
        replace(TARGET, namespace="team-a"),
        replace(TARGET, mount="aws-two"),
        replace(TARGET, role="writer"),
    ],
)
def test_another_vault_namespace_engine_or_role_is_cached_apart(
    world: dict[str, Any], other: Target
) -> None:
    _cached()
    world["vault"].lease["data"]["access_key"] = "AKIAOTHER"
    assert cache.shared(other).access_key_id == "AKIAOTHER"
    assert _cached().access_key_id == "AKIAEXAMPLE"


def test_after_a_new_login_nothing_old_is_used(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _cached()
    world["vault"].lease["data"]["access_key"] = "AKIAOTHER"
    monkeypatch.setenv("VAULT_TOKEN", "hvs.another")
    assert _cached().access_key_id == "AKIAOTHER"


def test_a_users_lease_is_renewed_ahead_of_its_end_and_the_key_stays(world: dict[str, Any]) -> None:
    first = _cached()
    world["now"] += 3600 - cache.AHEAD_SECONDS
    world["vault"].lease["data"]["access_key"] = "AKIAOTHER"
    second = _cached()
    assert second.access_key_id == first.access_key_id
    assert second.expires_at == world["now"] + 3600
    assert _cached() == second


@pytest.mark.parametrize(
    "renewed", [1799, VaultError("lease not found")], ids=["near its longest life", "revoked"]
)
def test_a_lease_that_can_live_little_longer_is_followed_by_another(
    world: dict[str, Any], renewed: int | VaultError
) -> None:
    _cached()
    world["now"] += 3000
    world["vault"].renewed = renewed
    world["vault"].lease["data"]["access_key"] = "AKIAOTHER"
    assert _cached().access_key_id == "AKIAOTHER"


def test_a_session_is_followed_by_another(world: dict[str, Any]) -> None:
    world["vault"] = FakeVault(_lease(session="first"))
    _cached()
    world["now"] += 3000
    world["vault"] = FakeVault(_lease(session="second"))
    assert _cached().session_token == "second"
    assert "sys/leases/renew" not in world["vault"].asked


def test_what_lives_no_hour_is_renewed_in_its_last_quarter(world: dict[str, Any]) -> None:
    world["vault"] = FakeVault(_lease(900, session="s"))
    first = _cached()
    world["now"] += 674
    assert _cached() == first
    world["now"] += 1
    assert _cached() != first


def test_if_vault_is_away_what_is_cached_serves_until_its_end(
    world: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    world["vault"] = FakeVault(_lease(session="s"))
    first = _cached()
    world["vault"].refused = VaultUnreachableError("cannot be reached")
    world["now"] += 3599
    assert _cached() == first
    assert "aws/reader is not renewed, and good until " in caplog.text
    assert SECRET not in caplog.text
    world["now"] += 1
    with pytest.raises(VaultUnreachableError):
        _cached()


def test_who_asks_for_fresh_ones_gets_them(world: dict[str, Any]) -> None:
    _cached()
    world["vault"].lease["data"]["access_key"] = "AKIAOTHER"
    assert cache.shared(TARGET, fresh=True).access_key_id == "AKIAOTHER"
    assert _cached().access_key_id == "AKIAOTHER"


def test_many_at_once_read_once(world: dict[str, Any]) -> None:
    got: list[Issued] = []
    readers = [threading.Thread(target=lambda: got.append(_cached())) for _ in range(20)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(got) == 20
    assert len(set(got)) == 1
    assert world["vault"].asked.count("aws/creds/reader") == 1


def test_without_a_token_one_is_told_to_log_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(OperationError, match="no token for Vault: log in"):
        _cached()


def test_a_cache_that_nobody_can_read_is_none(tmp_path: Path) -> None:
    first = _cached()
    _file(tmp_path).write_text('{"from": "another version"}', "utf-8")
    assert _cached() == first


def test_what_ended_long_ago_is_deleted(world: dict[str, Any], tmp_path: Path) -> None:
    _cached()
    old = _file(tmp_path)
    world["now"] += 3600 + 86_401
    cache.shared(replace(TARGET, role="writer"))
    assert not old.exists()
    assert len(list((tmp_path / "cache").glob("*.json"))) == 1


def test_a_process_is_told_version_1_and_when_they_end(world: dict[str, Any]) -> None:
    assert _cached().for_process() == {
        "Version": 1,
        "AccessKeyId": "AKIAEXAMPLE",
        "SecretAccessKey": SECRET,
        "Expiration": "2027-01-15T09:00:00Z",
    }
    world["vault"] = FakeVault(_lease(session="s"))
    assert issue.issue(TARGET).for_process()["SessionToken"] == "s"


def test_nothing_shows_a_secret_by_accident() -> None:
    issued = replace(_cached(), session_token="a-session-token")
    assert SECRET not in repr(issued)
    assert "a-session-token" not in repr(issued)
    assert json.dumps(asdict(issued))


def test_a_shell_gets_them_and_loses_what_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    text = shell.exports(replace(_cached(), secret_access_key="a b'c"), "eu-central-1")
    assert "unset AWS_PROFILE AWS_DEFAULT_PROFILE" in text
    assert "AWS_SESSION_TOKEN" in text.splitlines()[0], "that of other credentials"
    assert "export AWS_SECRET_ACCESS_KEY='a b'\"'\"'c'" in text
    assert "export AWS_REGION=eu-central-1" in text


def test_a_region_that_the_person_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert "AWS_REGION" not in shell.exports(_cached(), "eu-central-1")
