"""The production example, deployed in the laboratory: only hosts and external id are others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.accounts import plan
from lab.home import read_json
from tests.committed import SECRET_SECTION
from tests.lab.conftest import ROOT, lab_command
from tests.lab.logins import session, signed
from tests.lab.stacks import Stack, administrator
from tests.production import in_the_laboratory

if TYPE_CHECKING:
    import hvac

    from tests.lab.conftest import Laboratory

ACCOUNTS = ("main", "data")


@pytest.fixture(scope="module")
def production(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack, deployed; the last test takes it away."""
    stack = Stack(world, tmp_path_factory.mktemp("production") / "stack", "production", ROOT)
    stack.create(in_the_laboratory())
    (client,) = read_json(world.home.people)["clients"]
    world.run(
        *("pulumi", "config", "set", "--secret", "--path", f"{SECRET_SECTION}.people"),
        *("--stack", stack.name, "--cwd", str(stack.folder), "--non-interactive"),
        stdin=client["secret"],
    )
    lab_command("application", world.home.root)
    stack.up()
    return stack


def vault_of(world: Laboratory, namespace: str) -> hvac.Client:
    """Return a client that acts in one namespace."""
    client = world.vault()
    client.adapter.namespace = namespace
    return client


def test_a_second_update_a_refresh_and_a_preview_change_nothing(production: Stack) -> None:
    production.up("--expect-no-changes")
    production.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    production.expect_no_changes()


WHO = {
    "apps/legacy": ("main", "user/vault/production-apps-apps/vault-"),
    "apps-data/legacy": ("data", "user/vault/production-apps-apps--data/vault-"),
    "apps/operate": ("main", "assumed-role/vault-target-production-operate/"),
    "data/report": ("data", "assumed-role/vault-target-production-report/"),
}
"""By engine and Vault role: the account, and who one is there."""


@pytest.mark.parametrize("granted", WHO)
def test_each_engine_hands_out_what_its_command_says(
    production: Stack, world: Laboratory, granted: str
) -> None:
    engine, _, role = granted.partition("/")
    account, who = WHO[granted]
    summary = production.outputs()["secrets_engines"][engine]
    command = summary["read_credentials"][role]
    assert command == f"vault read -namespace {summary['namespace']} {engine}/creds/{role}"
    issued = vault_of(world, summary["namespace"]).read(f"{engine}/creds/{role}")["data"]
    environment = {
        "AWS_ACCESS_KEY_ID": issued["access_key"],
        "AWS_SECRET_ACCESS_KEY": issued["secret_key"],
        "AWS_SESSION_TOKEN": issued["session_token"] or "",
    }
    answer = world.run("aws", "sts", "get-caller-identity", env=environment)
    identity: dict[str, str] = json.loads(answer.stdout)
    assert identity["Account"] == plan(account).id
    assert f":{who}" in identity["Arn"]


def test_an_application_of_each_account_logs_in_to_its_own_namespace(
    production: Stack, world: Laboratory
) -> None:
    for method, account in (("apps", "main"), ("data", "data")):
        summary = production.outputs()["auth_methods"][method]
        assert summary["role_arn"].split(":")[4] == plan(account).id
        fields = signed(session(world, "app", account=account), region=summary["region"])
        vault = vault_of(world, summary["namespace"])
        given: Any = vault.write_data("auth/aws/login", data={"role": "billing", **fields})
        assert "billing" in "".join(given["auth"]["policies"])


def test_a_destroy_leaves_nothing(production: Stack, world: Laboratory) -> None:
    refused = production.destroy(check=False)
    assert refused.returncode != 0
    assert "protect" in refused.stdout
    production.pulumi("state", "unprotect", "--all", "--yes")
    production.destroy()
    for account in ACCOUNTS:
        iam = administrator(world, account)
        users = [user["UserName"] for user in iam.list_users()["Users"]]
        roles = {role["RoleName"] for role in iam.list_roles()["Roles"]}
        assert not [name for name in users if name.startswith("vault-")]
        assert not [name for name in roles if name.startswith("vault-")]
        assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert world.vault().list("sys/namespaces") is None
