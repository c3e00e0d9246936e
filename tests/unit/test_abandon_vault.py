"""What is left of a stack's state when its Vault is dropped."""

from __future__ import annotations

import pytest

from operations import abandon_vault
from operations.abandon_vault import Orphans


def _resource(kind: str, name: str, **recorded: object) -> abandon_vault.Resource:
    return {"urn": f"urn:pulumi:dev::vault-aws-federation::{kind}::{name}", "type": kind} | recorded


MOUNT = _resource("vault:aws/secretBackend:SecretBackend", "aws-mount")
CHECK = _resource("pulumi-python:dynamic/vaultwif:FederationCheck", "aws-check")
GUARD = _resource("command:local:Command", "aws-leases/my-role", dependencies=[CHECK["urn"]])
USERS = _resource(
    "pulumi-python:dynamic/vaultwif:UserGuard", "aws-users", outputs={"iam_path": "/vault/dev/"}
)
ACCESS = _resource("vault:index/policy:Policy", "aws-access/my-role")
AUDIENCE = _resource("pulumi-python:dynamic/vaultwif:RegisteredAudience", "aws-audience")
ROLE = _resource(
    "aws:iam/role:Role",
    "aws-workload-role",
    dependencies=[MOUNT["urn"], AUDIENCE["urn"]],
    propertyDependencies={"assumeRolePolicy": [MOUNT["urn"], AUDIENCE["urn"]], "name": None},
)
PROVIDER = _resource("pulumi:providers:vault", "root", inputs={"address": "https://vault.test"})


def test_what_needs_vault_goes_and_the_rest_depends_on_it_no_longer() -> None:
    kept = abandon_vault.without_vault(
        [PROVIDER, MOUNT, AUDIENCE, ROLE, CHECK, USERS, GUARD, ACCESS]
    )
    assert [each["urn"] for each in kept] == [AUDIENCE["urn"], ROLE["urn"]]
    assert kept[1]["dependencies"] == [AUDIENCE["urn"]]
    assert kept[1]["propertyDependencies"] == {
        "assumeRolePolicy": [AUDIENCE["urn"]],
        "name": [],
    }


def test_addresses_and_paths_come_from_the_state() -> None:
    assert abandon_vault.vault_addresses([PROVIDER, ROLE, PROVIDER]) == ["https://vault.test"]
    assert abandon_vault.user_guards([PROVIDER, USERS]) == [{"iam_path": "/vault/dev/"}]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ([], ["leaves no IAM user behind"]),
        (
            [Orphans(account_id="123456789012", iam_path="/vault/dev/", names=("one", "two"))],
            ["account 123456789012, path /vault/dev/", "    one\n", "    two\n", "delete them"],
        ),
    ],
)
def test_users_left_behind_are_named_with_their_path(left: list[Orphans], said: list[str]) -> None:
    described = abandon_vault.describe(left)
    assert all(part in described for part in said)
