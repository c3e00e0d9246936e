"""A mount changes from its key to its role at once, and has a key again if that fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from clients.errors import VaultError, VaultUnreachableError
from clients.issued_identity import Keys
from operations import OperationError
from operations.migrate import back, switch
from tests.unit.test_migrate import USER, engine, former

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from operations.migrate.former import Former

OWN, SPARE = "AKIAFALSE", "AKIASPARE"


@dataclass
class Vault:
    """A mount on a key, and what goes wrong with it."""

    key: str = OWN
    roles: dict[str, Any] = field(default_factory=lambda: {"reader": USER})
    troubles: list[str] = field(default_factory=list)
    loses_answer: bool = False
    gone: bool = False

    def settings(self) -> dict[str, Any]:
        if self.gone:
            raise VaultUnreachableError("away")
        return {"access_key": self.key}

    def tune(self, _tuned: Mapping[str, Any]) -> None: ...

    def reconnect(self) -> None: ...

    def federate(self, _settings: Mapping[str, Any]) -> None:
        self.key = ""

    def give_key(self, _settings: Mapping[str, Any], key: Keys) -> None:
        self.key = key.access_key_id
        if self.loses_answer:
            raise VaultUnreachableError("the answer was lost")

    def make_role(self, name: str, settings: Mapping[str, Any]) -> None:
        self.roles[name] = settings

    def trouble(self) -> str:
        return self.troubles.pop(0) if self.troubles else ""


@dataclass
class Aws:
    """The keys of the IAM user."""

    held: list[str] = field(default_factory=lambda: [OWN])

    def make(self, _user: str) -> Keys:
        self.held.append(SPARE)
        return Keys(access_key_id=SPARE, secret_access_key="x", session_token="", region="r")

    def delete_key(self, _user: str, key_id: str) -> None:
        self.held.remove(key_id)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    account = Aws()
    monkeypatch.setattr(switch, "AccessKeys", lambda _access: account)
    monkeypatch.setattr(switch, "await_known", lambda _keys: "arn")
    monkeypatch.setattr(switch, "PAUSE_SECONDS", 0)
    return account


@pytest.fixture
def before(tmp_path: Path) -> Former:
    noted = former(tmp_path / "migration.dev.aws.json")
    noted.write()
    return noted


def to_role(vault: Any, before: Former, *, deadline: float = 30) -> float:  # noqa: ANN401 - a fake
    with switch.spare_key(vault, before) as spare:
        declared = engine(reader={"userPath": "/vault/dev-root-aws/"})
        return switch.to_role(vault, declared, before, spare, deadline=deadline)


def test_a_mount_that_signs_in_needs_no_spare_key(aws: Aws, before: Former) -> None:
    vault = Vault(troubles=["not yet"])
    to_role(vault, before)
    assert vault.key == ""
    assert vault.roles["reader"] == {"user_path": "/vault/dev-root-aws/"}
    assert aws.held == [OWN]
    assert before.again().spare_id is None


def test_a_mount_that_does_not_gets_it_with_its_vault_roles(aws: Aws, before: Former) -> None:
    vault = Vault(troubles=["no session"])
    with pytest.raises(OperationError, match=f"it has a key back, {SPARE}.*no session"):
        to_role(vault, before, deadline=-1)
    assert (vault.key, vault.roles) == (SPARE, {"reader": USER})
    assert aws.held == [OWN, SPARE]
    held = before.again()
    assert (held.key_id, held.spare_id, held.moved_at) == (SPARE, None, None)


def test_a_key_that_the_mount_may_act_by_is_never_deleted(aws: Aws, before: Former) -> None:
    vault: Any = Vault(troubles=["no session"], loses_answer=True)
    with pytest.raises(VaultUnreachableError, match="the answer was lost"):
        to_role(vault, before, deadline=-1)
    assert vault.key == SPARE
    assert aws.held == [OWN, SPARE]

    away: Any = Vault(gone=True)
    aws.held = [OWN]
    with pytest.raises(VaultError, match="away"), switch.spare_key(away, before):
        raise AssertionError
    assert aws.held == [OWN, SPARE]
    assert before.again().spare_id == SPARE


def test_the_spare_key_of_a_killed_move_is_deleted_by_the_next(aws: Aws, before: Former) -> None:
    aws.held = [OWN, SPARE]
    killed = before.at(spare_id=SPARE)
    vault: Any = Vault(key="")
    to_role(vault, killed)
    assert aws.held == [OWN]


def test_the_state_forgets_what_would_end_leases_and_nothing_depends_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    owner, kind = "urn::aws", "vault:aws/secretBackend:SecretBackend"
    resources = [
        {"urn": owner, "type": "vaultwif:vault:SecretsEngine"},
        {"urn": "urn::aws-mount", "type": kind, "parent": owner},
        {"urn": "urn::aws-leases", "type": "command:local:Command", "parent": owner},
        {"urn": "urn::other-mount", "type": kind, "parent": "urn::other"},
        {"urn": "urn::p", "type": "x", "parent": owner, "dependencies": ["urn::aws-mount", owner]},
    ]

    def pulumi(*arguments: str, stack: str, given: str = "") -> str:
        assert stack == "dev"
        written.append(given)
        return json.dumps({"deployment": {"resources": resources}}) if "export" in arguments else ""

    monkeypatch.setattr(back, "pulumi", pulumi)
    back.forget("dev", "aws")
    left = json.loads(written[-1])["deployment"]["resources"]
    assert [each["urn"] for each in left] == [owner, "urn::other-mount", "urn::p"]
    assert left[-1]["dependencies"] == [owner]
