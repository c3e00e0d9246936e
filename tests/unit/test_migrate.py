"""When a mount on a key may be moved, and how far it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clients.access_keys import Used
from federation.account import AccountAccess
from operations import OperationError
from operations.migrate import former as kept
from operations.migrate import planned, standing
from operations.migrate.former import Former
from operations.migrate.obstacles import Keyed, Lease, changes, obstacles
from operations.migrate.standing import Stage, stage_of, used_since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operations.migrate.planned import Engine

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
TEMPLATE = (
    '{{ if (eq .Type "STS") }}{{ printf "vault-%s-%s"  (unix_time) (random 20) | truncate 32 }}'
    '{{ else }}{{ printf "vault-%s-%s-%s" (printf "%s-%s" (.DisplayName) (.PolicyName) | '
    "truncate 42) (unix_time) (random 20) | truncate 64 }}{{ end }}"
)
"""Vault's own."""
ARN = "arn:aws:iam::123456789012"
USER = {"credential_type": "iam_user", "user_path": "/"}
URN = "urn:pulumi:dev::vault-aws-federation::"


def _state(
    name: str, kind: str, inputs: dict[str, Any], *needs: str, **more: str
) -> dict[str, Any]:
    return {
        "urn": f"{URN}{name}",
        "type": kind,
        "inputs": inputs,
        "provider": f"{URN}vault::id",
        "parent": f"{URN}aws",
        "dependencies": [f"{URN}{need}" for need in needs],
        **more,
    }


def preview(
    deletable: Sequence[str], roles: dict[str, dict[str, Any]], mount: str = "create"
) -> dict[str, Any]:
    """Return what an update of an engine would do."""
    account = {"allowedAccountIds": json.dumps(["123456789012"]), "region": "us-east-1"}
    address = {"address": "https://vault.test", "namespace": "team"}
    statement = {"Action": ["iam:DeleteUser"], "Resource": [f"{ARN}:{each}" for each in deletable]}
    held = {"path": "legacy", "roleArn": f"{ARN}:role/r", "identityTokenAudience": "a"}
    top = {"provider": "", "parent": ""}
    states = [
        ("create", _state("vault", "pulumi:providers:vault", address, **top)),
        ("create", _state("account", "pulumi:providers:aws", account, **top)),
        ("create", _state("aws", planned.COMPONENT, {}, **top)),
        ("create", _state("key", "vault:identity:Key", {})),
        ("same", _state("issuer", "vault:identity:Issuer", {})),
        ("create", _state("audience", "own:Audience", {}, "key", "issuer")),
        (mount, _state("aws-mount", planned.MOUNT, held, "audience")),
        ("create", _state("role", planned.ROLE, {}, "aws-mount")),
        ("create", _state("p", planned.POLICY, {"policy": json.dumps({"Statement": [statement]})})),
        *(
            ("create", _state(name, planned.VAULT_ROLE, {"name": name, "backend": "legacy", **own}))
            for name, own in roles.items()
        ),
    ]
    return {"steps": [{"op": op, "newState": state} for op, state in states]}


def engine(*deletable: str, **roles: dict[str, Any]) -> Engine:
    return planned.among(preview(deletable, roles or {"reader": {}}), "aws")


def keyed(**more: Any) -> Keyed:  # noqa: ANN401 - fields of Keyed
    held: dict[str, Any] = {
        "settings": {"access_key": "AKIAFALSE", "username_template": TEMPLATE},
        "tuned": {},
        "roles": {"reader": USER},
        "static_roles": [],
        "leases": [],
        "users": {"/": ["vault-root-reader-1-x", "somebody"]},
    }
    return Keyed(**{**held, **more})


LEASE = Lease(role="reader", id="legacy/creds/reader/1", began=NOW, ends=None)


def test_a_preview_tells_what_is_made_before_the_mount_and_what_after() -> None:
    found = engine("user/vault-*")
    names = [urn.rpartition("::")[2] for urn in found.before]
    assert names == ["vault", "aws", "key", "audience"]
    assert [urn.rpartition("::")[2] for urn in found.way] == ["role", "p"]
    assert (found.address, found.namespace, found.path) == ("https://vault.test", "team", "legacy")
    assert found.account.account_id == "123456789012"
    assert found.settings == {"role_arn": f"{ARN}:role/r", "identity_token_audience": "a"}
    assert [each.identifier for each in found.unrecorded_mount()] == ["legacy"]
    assert [each.identifier for each in found.unrecorded_roles()] == ["legacy/roles/reader"]


def test_what_the_state_has_already_is_not_recorded_again() -> None:
    found = planned.among(preview((), {"reader": {}}, mount="update"), "aws")
    assert found.unrecorded_mount() == []


def test_an_engine_that_is_not_declared_is_told_with_those_that_are() -> None:
    with pytest.raises(OperationError, match="no secrets engine old; it declares aws"):
        planned.among(preview((), {}), "old")


def test_a_mount_whose_leases_can_end_is_moved() -> None:
    assert obstacles(keyed(leases=[LEASE]), engine("user/vault-*")) == []
    assert obstacles(keyed(), engine()) == []


def test_leases_whose_users_nobody_could_delete_are_in_the_way() -> None:
    (told,) = obstacles(keyed(leases=[LEASE]), engine("user/vault/dev-root-aws/vault-*"))
    assert "such as /vault-root-reader-1-x" in told
    assert 'write formerUsers: ["/vault-*"] to secretsEngines.aws' in told


@pytest.mark.parametrize(
    ("template", "begin"),
    [("app-{{ random 20 }}", "/app-*"), ('{{ printf "svc-%s" x }}', "/svc-*")],
)
def test_the_beginning_of_names_is_read_from_the_template(template: str, begin: str) -> None:
    held = keyed(settings={"username_template": template})
    assert held.former_users == [begin]


def test_of_a_template_that_tells_no_beginning_a_person_must_say_it() -> None:
    held = keyed(settings={"username_template": "{{ random 20 }}"}, leases=[LEASE])
    (told,) = obstacles(held, engine())
    assert "write the beginning of their names as formerUsers" in told


def test_sessions_end_by_themselves_and_are_in_nobodys_way() -> None:
    role = {"credential_type": "assumed_role", "role_arns": [f"{ARN}:role/t"]}
    assert obstacles(keyed(roles={"reader": role}, leases=[LEASE]), engine()) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"roles": {"reader": USER, "other": USER}}, "do not declare its Vault role(s) other"),
        ({"static_roles": ["fixed"]}, "static roles fixed"),
        ({"settings": {"rotation_period": 3600}}, "rotates its key by itself"),
        ({"keys": ["AKIAFALSE", "AKIAOTHER"]}, "has a second key, AKIAOTHER"),
        ({"lacking": "too old"}, "federates nothing: too old"),
        ({"roles": {"reader": {**USER, "iam_groups": ["g"]}}, "leases": [LEASE]}, "group(s) g"),
    ],
)
def test_what_would_break_is_in_the_way(more: dict[str, Any], told: str) -> None:
    found = obstacles(keyed(**more), engine("user/*"))
    assert len(found) == 1
    assert told in found[0]


def test_a_declared_group_can_be_left() -> None:
    held = keyed(roles={"reader": {**USER, "iam_groups": ["g"]}}, leases=[LEASE])
    assert obstacles(held, engine("user/*", reader={"iamGroups": ["g"]})) == []


def test_only_what_becomes_otherwise_is_told() -> None:
    role = {**USER, "policy_document": '{"a": 1}', "policy_arns": ["b", "a"]}
    after = {
        "credentialType": "iam_user",
        "userPath": "/vault/x/",
        "policyDocument": '{"a":1}',
        "policyArns": ["a", "b"],
    }
    found = changes(keyed(roles={"reader": role}), engine(reader=after))
    assert found == [("reader", "user_path", "/", "/vault/x/")]


def former(file: Path, **more: Any) -> Former:  # noqa: ANN401 - fields of Former
    held: dict[str, Any] = {
        "stack": "dev",
        "engine": "aws",
        "address": "https://vault.test",
        "namespace": "",
        "path": "aws",
        "account": AccountAccess(account_id="123456789012", region="us-east-1"),
        "user": "keeper",
        "key_id": "AKIAFALSE",
        "settings": {"access_key": "AKIAFALSE"},
        "tuned": {},
        "roles": {"reader": USER},
        "file": file,
    }
    return Former(**{**held, **more})


def test_what_a_mount_was_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = kept.file_of(tmp_path, "organization/project/dev", "aws")
    assert file.name == "migration.dev.aws.json"
    assert kept.read(tmp_path, "dev", "aws") is None
    noted = former(file).at(moved_at=NOW)
    assert kept.read(tmp_path, "dev", "aws") == noted
    assert noted.moved_at == NOW
    noted.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    kept.file_of(tmp_path, "dev", "aws").write_text("{}", "utf-8")
    with pytest.raises(OperationError, match="is not what `vaultaws migrate aws move` writes"):
        kept.read(tmp_path, "dev", "aws")


def test_another_key_is_that_of_the_mount_as_if_it_was_never_moved(tmp_path: Path) -> None:
    again = former(tmp_path, moved_at=NOW, inactive_at=NOW, deleted_at=NOW).with_key("AKIAOTHER")
    assert (again.key_id, again.settings["access_key"]) == ("AKIAOTHER", "AKIAOTHER")
    assert (again.moved_at, again.inactive_at, again.deleted_at) == (None, None, None)


@pytest.mark.parametrize(
    ("access_key", "keys", "stage"),
    [
        ("AKIAFALSE", {"AKIAFALSE": True}, Stage.keyed),
        ("", {"AKIAFALSE": True}, Stage.moved),
        ("", {"AKIAFALSE": False}, Stage.inactive),
        ("", {"AKIAOTHER": True}, Stage.deleted),
        ("", {}, Stage.deleted),
    ],
)
def test_vault_and_aws_tell_how_far_it_is(
    tmp_path: Path, access_key: str, keys: dict[str, bool], stage: Stage
) -> None:
    assert stage_of({"access_key": access_key}, keys, former(tmp_path)) is stage


def test_only_a_use_after_the_move_is_one() -> None:
    used = Used(when=NOW, service="s3", region="us-east-1")
    assert used_since(used, NOW) == ""
    assert used_since(None, NOW) == ""
    assert used_since(used, None) == ""
    told = used_since(used, NOW - timedelta(seconds=1))
    assert told == "AWS has seen it used for s3 in us-east-1 at 2026-01-02 12:00:00 UTC"


def test_a_lease_that_ended_meanwhile_is_none() -> None:
    class Engine:
        def leases(self) -> dict[str, list[str]]:
            return {"reader": ["one", "two"]}

        def times(self, lease: str) -> tuple[datetime, datetime | None] | None:
            return None if lease == "one" else (NOW, None)

    held: Any = Engine()
    assert [each.id for each in standing.live(held)] == ["two"]
