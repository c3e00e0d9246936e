"""One stack in two accounts: each reached its own way, with one identity provider in each."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from clients.aws import Account
from federation.account import AccountAccess
from lab import processes
from lab.accounts import EXTERNAL_ID, plan
from lab.environment import entered
from tests.lab.conftest import ROOT
from tests.lab.several import BY_DEPLOY_ROLE, BY_PROFILE, ENGINES, several
from tests.lab.stacks import Stack, administrator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Laboratory

PROVIDER = "oidc-provider/vault.lab.test/v1/identity/oidc/plugins"
CHANGES = ("iam:Create", "iam:Put", "iam:Add", "iam:Delete", "iam:Remove", "iam:Update")


@pytest.fixture(scope="module")
def many(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack, deployed; the last test takes it away."""
    stack = Stack(world, tmp_path_factory.mktemp("several") / "many", "many", ROOT)
    stack.create(several())
    stack.up()
    return stack


def deployers(laboratory: Laboratory, since: int = 0) -> dict[str, set[str]]:
    """Return who changed each account's IAM, Vault left out, from the decision log."""
    found: dict[str, set[str]] = {}
    for entry in laboratory.decisions()[since:]:
        principal = entry["principal"]
        if entry["action"].startswith(CHANGES) and "role/vault-secret-" not in principal:
            found.setdefault(entry["account"], set()).add(principal)
    return found


def audiences(laboratory: Laboratory, account: str) -> dict[str, list[str]]:
    """Return the audiences of each identity provider of an account."""
    iam = administrator(laboratory, account)
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return {
        entry["Arn"]: sorted(
            iam.get_open_id_connect_provider(OpenIDConnectProviderArn=entry["Arn"])["ClientIDList"]
        )
        for entry in listed
    }


def test_the_deploy_role_alone_acts_in_the_account_that_names_it(
    many: Stack, world: Laboratory
) -> None:
    """Provider and dynamic resources alike: the plugin's session and the program's own."""
    deploy = f"arn:aws:sts::{plan('data').id}:assumed-role/deploy"
    assert deployers(world) == {
        plan("main").id: {f"arn:aws:iam::{plan('main').id}:user/bootstrap-administrator"},
        plan("data").id: {f"{deploy}/vault-aws-federation"},
    }


def test_each_account_has_one_identity_provider_for_all_its_mounts(
    many: Stack, world: Laboratory
) -> None:
    main, data = (f"arn:aws:iam::{plan(name).id}:{PROVIDER}" for name in ("main", "data"))
    assert audiences(world, "main") == {main: ["vault-aws", "vault-beside"]}
    assert audiences(world, "data") == {data: ["vault-data"]}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_issues_in_its_own_account(many: Stack, world: Laboratory, engine: str) -> None:
    before = len(world.decisions())
    world.vault().read(f"{engine}/creds/my-role")
    made = [entry for entry in world.decisions()[before:] if entry["action"] == "iam:CreateUser"]
    account = plan(ENGINES[engine]).id
    assert [entry["account"] for entry in made] == [account]
    users = administrator(world, ENGINES[engine]).list_users(PathPrefix="/vault/")["Users"]
    path = f"arn:aws:iam::{account}:user/vault/many-root-{engine}/"
    assert made[0]["resource"] in {user["Arn"] for user in users}
    assert made[0]["resource"].startswith(path)
    summary = many.outputs()["secrets_engines"][engine]
    assert summary["role_arn"] == f"arn:aws:iam::{account}:role/vault-secret-many-root-{engine}"


def test_another_way_in_and_an_audience_less_disturb_nothing_else(
    many: Stack, world: Laboratory
) -> None:
    provider = f"arn:aws:iam::{plan('main').id}:{PROVIDER}"
    iam = administrator(world)
    foreign = {"OpenIDConnectProviderArn": provider, "ClientID": "somebody-elses"}
    iam.add_client_id_to_open_id_connect_provider(**foreign)
    values = several(BY_PROFILE)
    del values["secretsEngines"]["beside"]
    roles = values["secretsEngines"]["data"]["roles"]
    roles["other"] = roles["my-role"]
    many.configure(values)
    changes = many.changes()
    assert {name for name, change in changes.items() if change == "delete"} >= {"beside-mount"}
    own = {name for name in changes if name.startswith("beside") or name.endswith("/vault-beside")}
    kept = {name: op for name, op in changes.items() if name not in own}
    added = {f"data-{what}/other" for what in ("leases", "role", "access")}
    added.add("data-workload/issue-other")
    assert {name for name, op in kept.items() if op == "create"} == added
    assert {op for name, op in kept.items() if name not in added} == {"update"}

    since = len(world.decisions())
    many.up()
    assert deployers(world, since)[plan("data").id] == {
        f"arn:aws:iam::{plan('data').id}:user/bootstrap-administrator"
    }
    assert audiences(world, "main") == {provider: ["somebody-elses", "vault-aws"]}

    many.configure(several())
    many.up()
    assert audiences(world, "main")[provider] == ["somebody-elses", "vault-aws", "vault-beside"]
    many.expect_no_changes()
    # Otherwise the identity provider would rightly refuse to go.
    iam.remove_client_id_from_open_id_connect_provider(**foreign)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "the environment is of another account": (
        {key: BY_PROFILE[key] for key in ("id", "region")},
        (
            "accounts.data: the credentials at hand belong to account "
            f"{plan('main').id}, declared is "
            f"{plan('data').id}; set profile or deployRoleArn of that account"
        ),
    ),
    "the external id is missing": (
        {key: value for key, value in BY_DEPLOY_ROLE.items() if key != "externalId"},
        (
            "accounts.data.deployRoleArn: AWS refuses to sign in to account 444455556666: "
            "AccessDenied"
        ),
    ),
    "there is no such profile": (
        {**BY_PROFILE, "profile": "nobody"},
        (
            "accounts.data.profile: cannot sign in to account 444455556666: The config profile "
            "(nobody) could not be found"
        ),
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_account_that_cannot_be_reached_is_named_before_anything_is_made(
    world: Laboratory, tmp_path: Path, wrong: str
) -> None:
    account, told = WRONG[wrong]
    stack = Stack(world, tmp_path / "lost", "lost", ROOT)
    values = several(account)
    values["vault"]["issuer"] = "existing"
    values["accounts"]["main"] = {**values["accounts"]["main"], "identityProvider": "existing"}
    stack.create(values)
    refused = stack.pulumi("preview", check=False)
    assert refused.returncode != 0
    assert told in " ".join(refused.stdout.split())


@pytest.mark.parametrize(
    "access",
    [
        AccountAccess(account_id=plan("data").id, region="eu-central-1", profile="data"),
        AccountAccess(
            account_id=plan("data").id,
            region="eu-central-1",
            deploy_role_arn=plan("data").deploy_role_arn,
            external_id=EXTERNAL_ID,
        ),
    ],
    ids=["profile", "deploy role"],
)
def test_the_operations_look_into_the_account_either_way(
    many: Stack, world: Laboratory, access: AccountAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    held = Account(access).role("vault-secret-many-root-data")
    assert held is not None
    assert held.tags["vault-stack"] == "many"
    assert Account(access).role("vault-secret-many-root-aws") is None


def test_a_vault_gone_for_good_is_abandoned_in_every_account(
    many: Stack, world: Laboratory
) -> None:
    issued = {engine: world.vault().read(f"{engine}/creds/my-role") for engine in ENGINES}
    assert all(issued.values())
    processes.stop(world.home, ["vault"])
    shutil.rmtree(world.home.vault)
    outside = {name: world.environment[name] for name in ("HOME", "PATH")}
    abandoned = subprocess.run(
        ["vaultaws", "abandon", "--stack", many.name],
        cwd=many.folder,
        env=entered(world.home, outside, without_vault=True),
        capture_output=True,
        text=True,
        check=False,
    )
    assert abandoned.returncode == 0, abandoned.stdout + abandoned.stderr
    for engine, account in ENGINES.items():
        path = f"/vault/many-root-{engine}/"
        assert f"account {plan(account).id}, path {path}" in abandoned.stdout
        for user in administrator(world, account).list_users(PathPrefix=path)["Users"]:
            assert f"    {user['UserName']}\n" in abandoned.stdout
    roles = {
        account: [role["RoleName"] for role in administrator(world, account).list_roles()["Roles"]]
        for account in ("main", "data")
    }
    assert roles == {"main": [], "data": ["deploy"]}
    assert audiences(world, "main") == audiences(world, "data") == {}
