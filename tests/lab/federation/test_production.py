"""The production example, deployed in the laboratory among what others have.

Hosts and external id are others, and one of its namespaces is there before the stack is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hvac.exceptions import Forbidden

from lab.accounts import plan
from lab.home import read_json
from tests.committed import SECRET_SECTION
from tests.lab.browser import log_in
from tests.lab.conftest import ROOT, lab_command
from tests.lab.logins import make_role, session, signed
from tests.lab.stacks import Stack, administrator, holdings
from tests.production import in_the_laboratory

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

ACCOUNTS = ("main", "data")
ADOPTED = "data"
"""The namespace that the stack uses and somebody else has made."""


@pytest.fixture(scope="module")
def before(world: Laboratory) -> dict[str, Any]:
    """What the clouds hold before the stack, with something of others wherever it will be."""
    lab_command("application", world.home.root)
    world.vault().write("sys/namespaces/" + ADOPTED)
    for namespace in ("", ADOPTED):
        vault = world.vault(namespace)
        vault.sys.enable_secrets_engine("aws", path="theirs")
        vault.sys.enable_auth_method("aws", path="theirs")
        vault.sys.create_or_update_policy("theirs", 'path "theirs/*" { capabilities = ["read"] }')
        vault.write_data("identity/group/name/theirs", data={"policies": ["theirs"]})
        vault.write_data("identity/oidc/key/theirs", data={"algorithm": "RS256"})
    for account in ACCOUNTS:
        iam = administrator(world, account)
        make_role(world, "vault-theirs", account=account)
        iam.create_user(UserName="theirs", Path="/vault/theirs/")
        iam.create_open_id_connect_provider(
            Url="https://people.lab.test",
            ClientIDList=["theirs"],
            ThumbprintList=["0" * 40],
        )
    return everything(world)


def everything(world: Laboratory) -> dict[str, Any]:
    """Return what both clouds hold, account by account and namespace by namespace."""
    listed = world.vault().list("sys/namespaces") or {"data": {"keys": []}}
    found = {name.rstrip("/") for name in listed["data"]["keys"]}
    return {
        "accounts": {account: holdings(world, account) for account in ACCOUNTS},
        "namespaces": {
            namespace: {
                what: held
                for what, held in holdings(world, namespace=namespace).items()
                if what not in ("users", "roles", "providers")
            }
            for namespace in sorted(("", *found))
        },
    }


@pytest.fixture(scope="module")
def production(
    world: Laboratory, before: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Stack:
    """The stack, deployed; the last test takes it away."""
    assert before
    stack = Stack(world, tmp_path_factory.mktemp("production") / "stack", "production", ROOT)
    values = in_the_laboratory()
    values["vault"]["namespaces"][ADOPTED] = "existing"
    stack.create(values)
    (client,) = read_json(world.home.people)["clients"]
    world.run(
        *("pulumi", "config", "set", "--secret", "--path", f"{SECRET_SECTION}.people"),
        *("--stack", stack.name, "--cwd", str(stack.folder), "--non-interactive"),
        stdin=client["secret"],
    )
    stack.up()
    return stack


def caller(world: Laboratory, issued: dict[str, str]) -> dict[str, str]:
    """Return who AWS says that issued credentials are."""
    environment = {
        "AWS_ACCESS_KEY_ID": issued["access_key"],
        "AWS_SECRET_ACCESS_KEY": issued["secret_key"],
        "AWS_SESSION_TOKEN": issued["session_token"] or "",
    }
    answer = world.run("aws", "sts", "get-caller-identity", env=environment)
    identity: dict[str, str] = json.loads(answer.stdout)
    return identity


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
    assert command == f"vault read -namespace={summary['namespace']} {engine}/creds/{role}"
    issued = world.vault(summary["namespace"]).read(f"{engine}/creds/{role}")["data"]
    identity = caller(world, issued)
    assert identity["Account"] == plan(account).id
    assert f":{who}" in identity["Arn"]


def test_all_of_it_is_proven_across_accounts_and_namespaces(
    production: Stack, world: Laboratory
) -> None:
    """But for what only people can show, and for what the deploy role of ``data`` may not read."""
    typed = ("vaultaws", "prove", "--stack", production.name, "--json", "--cloudtrail")
    profiles = [part for account in ACCOUNTS for part in ("--profile", f"{account}-app")]
    answer = world.run("env", "-C", str(production.folder), *typed, *profiles, check=False)
    found = json.loads(answer.stdout)["findings"]
    others = {
        (each["result"], each["what"], each["of"]): each["evidence"]
        for each in found
        if each["result"] != "shown"
    }
    person = others.pop(
        ("not shown", "people: login of a person", "login of people people in apps")
    )
    assert person.startswith("only a person")
    assert {of for _, _, of in others} == {
        "secrets engine apps-data in apps",
        "secrets engine data in data",
        "auth method data in data",
    }
    for (result, _, _), evidence in others.items():
        assert result == "could not be looked at"
        assert "not authorized to perform: cloudtrail:LookupEvents" in evidence
    assert answer.returncode == 1
    used = {(each["of"], each["what"]) for each in found if each["what"].endswith(": used")}
    assert len(used) == len(WHO)


def test_an_application_of_each_account_logs_in_to_its_own_namespace(
    production: Stack, world: Laboratory
) -> None:
    for method, account in (("apps", "main"), ("data", "data")):
        summary = production.outputs()["auth_methods"][method]
        assert summary["role_arn"].split(":")[4] == plan(account).id
        fields = signed(session(world, "app", account=account), region=summary["region"])
        vault = world.vault(summary["namespace"])
        given: Any = vault.write_data("auth/aws/login", data={"role": "billing", **fields})
        assert "billing" in "".join(given["auth"]["policies"])


def test_a_person_reads_in_the_namespace_what_the_groups_of_the_person_are_granted(
    production: Stack, world: Laboratory
) -> None:
    summary = production.outputs()["human_logins"]["people"]
    namespace = summary["namespace"]
    alice = world.vault(namespace)
    alice.token = log_in(world, "alice", namespace=namespace).token
    for granted in ("apps/operate", "apps-data/legacy"):
        account, who = WHO[granted]
        engine, _, role = granted.partition("/")
        issued = alice.read(f"{engine}/creds/{role}")["data"]
        identity = caller(world, issued)
        assert identity["Account"] == plan(account).id
        assert f":{who}" in identity["Arn"]
    with pytest.raises(Forbidden, match="permission denied"):
        alice.read("apps/creds/legacy")
    elsewhere = world.vault(ADOPTED)
    elsewhere.token = alice.token
    with pytest.raises(Forbidden):
        elsewhere.read("data/creds/report")
    assert log_in(world, "bob", namespace=namespace).refusal == (
        'error validating claims: claim "groups" does not match any associated bound claim values'
    )


def test_its_report_says_who_becomes_whom(production: Stack, world: Laboratory) -> None:
    command = ("vaultaws", "report", "--stack", production.name, "--json")
    found = json.loads(world.run(*command).stdout)
    nodes = {node["id"]: node for node in found["nodes"]}
    becomes = {
        (nodes[route["nodes"][0]]["label"], node["facts"]["read at"])
        for route in found["routes"]
        for node in map(nodes.get, route["nodes"])
        if node and node["kind"] == "vault_role"
    }
    assert becomes == {
        ("engineering", "apps/apps/creds/operate"),
        ("engineering", "apps/apps-data/creds/legacy"),
        ("role/app", "apps/apps/creds/legacy"),
        ("role/app", "data/data/creds/report"),
    }
    assert not [edge for edge in found["edges"] if edge["broken"]]


def test_a_destroy_leaves_nothing_of_the_stack_and_everything_of_others(
    production: Stack, world: Laboratory, before: dict[str, Any]
) -> None:
    refused = production.destroy(check=False)
    assert refused.returncode != 0
    assert "protect" in refused.stdout
    production.pulumi("state", "unprotect", "--all", "--yes")
    production.destroy()
    assert everything(world) == before
