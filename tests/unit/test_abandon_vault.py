"""What is left of a stack's state when its Vault is dropped."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from clients.errors import VaultError, VaultUnreachableError, VaultUntrustedError
from operations.recovery import abandon_vault, unrecorded
from operations.recovery.abandon_vault import Orphans
from operations.recovery.unrecorded import Found, Planned

DYNAMIC = Path(__file__).parents[2] / "components" / "dynamic"


def _resource(kind: str, name: str, **recorded: object) -> abandon_vault.Resource:
    return {"urn": f"urn:pulumi:dev::vault-aws-federation::{kind}::{name}", "type": kind} | recorded


MOUNT = _resource("vault:aws/secretBackend:SecretBackend", "aws-mount")
KIND = "pulumi-python:dynamic/vaultwif:Federation"
FEDERATION = _resource(KIND, "aws-federation", outputs={"iam_path": "/vault/dev/"})
OF_A_METHOD = _resource(KIND, "auth/aws-federation", outputs={"path": "aws"})
GUARD = _resource("command:local:Command", "aws-leases/my-role", dependencies=[FEDERATION["urn"]])
ACCESS = _resource("vault:index/policy:Policy", "aws-access/my-role")
AUDIENCE = _resource("pulumi-python:dynamic/vaultwif:Audience", "aws-audience")
ROLE = _resource(
    "aws:iam/role:Role",
    "aws-workload",
    dependencies=[MOUNT["urn"], AUDIENCE["urn"]],
    propertyDependencies={"assumeRolePolicy": [MOUNT["urn"], AUDIENCE["urn"]], "name": None},
)
PROVIDER = _resource("pulumi:providers:vault", "root", inputs={"address": "https://vault.test"})


def test_what_needs_vault_goes_and_the_rest_depends_on_it_no_longer() -> None:
    kept = abandon_vault.without_vault(
        [PROVIDER, MOUNT, AUDIENCE, ROLE, FEDERATION, OF_A_METHOD, GUARD, ACCESS]
    )
    assert [each["urn"] for each in kept] == [AUDIENCE["urn"], ROLE["urn"]]
    assert kept[1]["dependencies"] == [AUDIENCE["urn"]]
    assert kept[1]["propertyDependencies"] == {
        "assumeRolePolicy": [AUDIENCE["urn"]],
        "name": [],
    }


@pytest.mark.parametrize("source", sorted(DYNAMIC.glob("*.py")), ids=lambda path: path.stem)
def test_every_resource_that_asks_vault_is_forgotten_and_no_other(source: Path) -> None:
    text = source.read_text("utf-8")
    nouns = re.findall(r'pulumi\.dynamic\.Resource, module="vaultwif", name="(\w+)"', text)
    # An audience is to be taken away at AWS too, and goes without Vault.
    asks = re.search(r"\bVault\(|reach\.(first|vault|logins)\(", text) and nouns != ["Audience"]
    for noun in nouns:
        kind = f"pulumi-python:dynamic/vaultwif:{noun}"
        assert abandon_vault.needs_vault(kind) == bool(asks), noun


def test_what_a_killed_engine_made_at_aws_is_imported_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = _resource("pulumi:providers:aws", "main", inputs={})
    own = {"inputs": {"name": "vault-role"}, "parent": "parent", "provider": f"{cloud['urn']}::id"}
    pending = [
        {"type": "creating", "resource": each | own}
        for each in (ROLE, MOUNT | {"provider": PROVIDER["urn"]})
    ]

    def found(planned: list[Planned]) -> list[Found]:
        return [
            Found(planned=each, identifier="vault-role", what="the IAM role vault-role", doubt="")
            for each in planned
        ]

    monkeypatch.setattr(unrecorded, "find", found)
    deployment = {"resources": [cloud, PROVIDER], "pending_operations": pending}
    with pytest.raises(abandon_vault.AbandonError) as refusal:
        abandon_vault._require_record(deployment, "dev")
    said = str(refusal.value)
    assert "the IAM role vault-role: made by an engine that was killed" in said
    assert said.count("pulumi import ") == 1
    assert "pulumi import aws:iam/role:Role aws-workload vault-role" in said

    # Pending operations stay in the state until a refresh or an import of the state drops them.
    abandon_vault._require_record(deployment | {"resources": [cloud, PROVIDER, ROLE]}, "dev")


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        (VaultUnreachableError("no connection"), True),
        (VaultUntrustedError("another certificate"), False),
        (VaultError("sealed"), False),
        (None, False),
    ],
)
def test_only_a_vault_that_says_nothing_at_all_is_gone(
    monkeypatch: pytest.MonkeyPatch, answer: VaultError | None, *, gone: bool
) -> None:
    def asked(url: str, *, timeout: float) -> dict[str, Any]:
        assert (url, timeout) == ("https://vault.test/v1/sys/seal-status", 5)
        if answer:
            raise answer
        return {}

    monkeypatch.setattr(abandon_vault, "public_document", asked)
    with nullcontext() if gone else pytest.raises(abandon_vault.AbandonError, match="answers"):
        abandon_vault._require_silence(["https://vault.test"])


def test_addresses_and_paths_come_from_the_state() -> None:
    assert abandon_vault.vault_addresses([PROVIDER, ROLE, PROVIDER]) == ["https://vault.test"]
    assert abandon_vault.user_paths([PROVIDER, FEDERATION, OF_A_METHOD]) == [
        {"iam_path": "/vault/dev/"}
    ]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ([], ["leaves no IAM user behind"]),
        (
            [Orphans(account_id="123456789012", iam_path="/vault/dev/", names=("one", "two"))],
            [
                "account 123456789012, path /vault/dev/",
                "    one\n",
                "    two\n",
                "Nothing ends them",
            ],
        ),
        (
            [
                Orphans(
                    account_id="123456789012",
                    iam_path="/vault/dev/",
                    names=("one",),
                    kept=("IAM user one has a password: `aws iam ...`",),
                )
            ],
            ["    one\n    IAM user one has a password: `aws iam ...`\nNothing ends them"],
        ),
    ],
)
def test_users_left_behind_are_named_with_their_path(left: list[Orphans], said: list[str]) -> None:
    described = abandon_vault.describe(left)
    assert all(part in described for part in said)


def test_the_last_words_are_what_to_type_for_each_path() -> None:
    left = [Orphans(account_id="123456789012", iam_path="/vault/dev/", names=("one",))]
    said = abandon_vault.last_words(left, "dev")
    assert (
        "  vaultaws sweep --stack dev --without-vault --account 123456789012 --path /vault/dev/ "
        "--older-than 0s --delete\n" in said
    )
