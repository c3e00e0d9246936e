"""A stack in the partition of GovCloud, and one in China's, each with a Vault that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hvac.exceptions import InvalidRequest

from lab.accounts import plan, region
from tests.lab.conftest import ROOT, lab_command
from tests.lab.laboratory.aws_front import allow, document
from tests.lab.stacks import Stack, administrator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings


def settings(account: str) -> Settings:
    """Return settings of one engine that makes users and becomes the role ``reader``."""
    held = plan(account)
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {
            account: {"id": held.id, "region": region(held.partition), "profile": account}
        },
        "secretsEngines": {
            "aws": {
                "account": account,
                "audience": "vault-aws",
                "roles": {
                    "user": {
                        "credentialType": "iam_user",
                        "policy": "policies/own.json",
                    },
                    "reader": {
                        "credentialType": "assumed_role",
                        "roleArns": [f"arn:{held.partition}:iam::{held.id}:role/reader"],
                    },
                },
            }
        },
    }


@pytest.mark.parametrize("account", ["gov", "china"])
def test_a_stack_in_another_partition_issues_there_and_leaves_nothing(
    world: Laboratory, tmp_path: Path, account: str
) -> None:
    held = plan(account)
    where = region(held.partition)
    lab_command("up", world.home.root, "--vault-aws-region", where)
    stack = Stack(world, tmp_path / account, account, ROOT)
    itself = f"arn:{held.partition}:iam::{held.id}:user/vault/*/${{aws:username}}"
    (stack.folder / "policies" / "own.json").write_text(document(allow("iam:GetUser", itself)))
    stack.create(settings(account))
    vault, iam = world.vault(), administrator(world, account)
    try:
        stack.up()
        stack.expect_no_changes()
        summary = stack.outputs()["secrets_engines"]["aws"]
        for key in ("role_arn", "provider_arn"):
            assert summary[key].startswith(f"arn:{held.partition}:iam::{held.id}:")

        user = vault.read("aws/creds/user")["data"]
        own = world.aws("iam", user["access_key"], user["secret_key"], region=where)
        arn = own.get_user()["User"]["Arn"]
        assert arn.startswith(f"arn:{held.partition}:iam::{held.id}:user/vault/{account}-root-aws/")

        trust = {**allow("sts:AssumeRole"), "Principal": {"AWS": summary["role_arn"]}}
        del trust["Resource"]
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trust))
        session = vault.read("aws/creds/reader")["data"]
        keys = (session[key] for key in ("access_key", "secret_key", "session_token"))
        identity = world.aws("sts", *keys, region=where).get_caller_identity()
        assert identity["Arn"].startswith(
            f"arn:{held.partition}:sts::{held.id}:assumed-role/reader/"
        )

        # Vault tells what it federates with by its environment alone: nothing in its settings
        # would help, which is why settings with two partitions are refused.
        lab_command("up", world.home.root, "--vault-aws-region", "")
        with pytest.raises(InvalidRequest, match="NoCredentialProviders"):
            vault.read("aws/creds/user")
        refused = [entry for entry in world.decisions() if entry["outcome"] == "refused"]
        assert refused[-1]["rule"] == "the role is not in the partition of us-east-1"
        lab_command("up", world.home.root, "--vault-aws-region", where)
    finally:
        stack.destroy("--run-program")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["bootstrap-administrator"]
    iam.delete_role(RoleName="reader")
    assert iam.list_roles()["Roles"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
