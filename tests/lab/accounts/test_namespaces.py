"""One mount path in the root namespace, in one of the stack's own and in one nested in that."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hvac.exceptions import InvalidRequest

from tests.committed import engines_in
from tests.lab.conftest import ROOT
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

PLACES = {"aws": "", "a": "team-a", "sub": "team-a/sub"}
"""Engines by key and the namespace of each; all are mounted at ``aws``."""
SCOPES = {"aws": "main-root-aws", "a": "main-team--a-a", "sub": "main-team--a.sub-sub"}
"""What their names at AWS have in common."""
PAIRS = list(itertools.permutations(PLACES, 2))
METHODS = {"logins": "", "a-logins": "team-a"}
"""Auth methods by key and the namespace of each; all are mounted at ``aws`` too."""
ISSUED_TO = list(
    itertools.permutations(
        [*(("secret", key) for key in PLACES), *(("auth", key) for key in METHODS)], 2
    )
)
"""Pairs of mounts, each with its kind: a token is minted for the first."""
SECTIONS = {"secret": "secrets_engines", "auth": "auth_methods"}
CONFIGURATIONS = {"secret": "aws/config/root", "auth": "auth/aws/config/client"}


def own(**namespaces: str) -> Settings:
    """Return the settings of the stack; namespaces by path, with _ for - and __ for /."""
    values = settings(**engines_in(PLACES))
    values["vault"]["namespaces"] = {
        path.replace("__", "/").replace("_", "-"): owner for path, owner in namespaces.items()
    }
    values["authMethods"] = {
        key: {"account": "main", "audience": f"vault-{key}", "path": "aws", "namespace": place}
        for key, place in METHODS.items()
    }
    return values


def namespaces(world: Laboratory, parent: str = "") -> list[str]:
    """Return the paths of the namespaces in another one."""
    found = world.vault(parent).list("sys/namespaces")
    return [f"{parent}/{name}".strip("/") for name in found["data"]["keys"]] if found else []


def refusal(stack: Stack, *arguments: str) -> str:
    """Run Pulumi, which must fail, and return what it told, in one line."""
    finished = stack.pulumi(*arguments, check=False)
    assert finished.returncode != 0, finished.stdout
    return " ".join((finished.stdout + finished.stderr).split())


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack, deployed from nothing, its preview included."""
    made = Stack(world, tmp_path_factory.mktemp("stacks") / "main", "main", ROOT)
    made.create(own(team_a="managed", team_a__sub="managed"))
    made.pulumi("up", "--yes")
    return made


@pytest.fixture(scope="module")
def outputs(stack: Stack) -> dict[str, Any]:
    """What the stack says of its mounts."""
    return stack.outputs()


@pytest.fixture(scope="module")
def users(world: Laboratory, stack: Stack) -> dict[str, dict[str, str]]:
    """One user of each engine, by the engine's key: its credentials and its name and path."""
    issued = {}
    for key, place in PLACES.items():
        data = world.vault(place).read("aws/creds/my-role")["data"]
        user = world.aws("iam", data["access_key"], data["secret_key"]).get_user()["User"]
        issued[key] = {**data, "name": user["UserName"], "path": user["Path"]}
    return issued


def test_each_engine_issues_users_of_its_own(users: dict[str, dict[str, str]]) -> None:
    assert {key: user["path"] for key, user in users.items()} == {
        key: f"/vault/{scope}/" for key, scope in SCOPES.items()
    }


def test_subjects_have_the_id_of_the_namespace_and_issuers_its_path(
    world: Laboratory, outputs: dict[str, Any]
) -> None:
    engines = outputs["secrets_engines"]
    for key, place in PLACES.items():
        parent, _, name = place.rpartition("/")
        identifier = "root"
        if place:
            identifier = world.vault(parent).read(f"sys/namespaces/{name}")["data"]["id"]
        accessor = world.vault(place).read("sys/mounts/aws")["data"]["accessor"]
        prefix = f"{place}/" if place else ""
        assert engines[key]["subject"] == f"plugin-identity:{identifier}:secret:{accessor}"
        assert engines[key]["issuer"] == (
            f"https://vault.lab.test/v1/{prefix}identity/oidc/plugins"
        )
    assert len({output["subject"] for output in engines.values()}) == len(PLACES)
    reading = engines["sub"]["read_credentials"]["my-role"]
    assert reading == "vault read -namespace=team-a/sub aws/creds/my-role"


@pytest.mark.parametrize(("one", "other"), ISSUED_TO, ids="-".join)
def test_a_token_minted_for_one_never_obtains_the_role_of_another(
    one: tuple[str, str], other: tuple[str, str], world: Laboratory, outputs: dict[str, Any]
) -> None:
    """Not even with its audience, where Vault gives it that and AWS takes it from that issuer."""
    own, its = (outputs[SECTIONS[kind]][key] for kind, key in (one, other))
    issuer = own["issuer"].removeprefix("https://")
    provider = f"arn:aws:iam::123456789012:oidc-provider/{issuer}"
    victim = {"role_arn": its["role_arn"], "identity_token_audience": its["audience"]}
    if own["issuer"] == its["issuer"]:
        refused = refused_exchange(world, one, outputs, victim)
        assert refused["rule"].endswith(f"requires StringEquals on {issuer}:sub)")
        return
    with pytest.raises(InvalidRequest, match=f"does not allow audience .{its['audience']}"):
        refused_exchange(world, one, outputs, victim)
    iam, vault = administrator(world), world.vault(own["namespace"])
    registered = {"OpenIDConnectProviderArn": provider, "ClientID": its["audience"]}
    (name,) = set(vault.list("identity/oidc/key")["data"]["keys"]) - {"default"}
    key = f"identity/oidc/key/{name}"
    held = vault.read(key)["data"]
    vault.write_data(key, data={**held, "allowed_client_ids": ["*"]})
    try:
        refused = refused_exchange(world, one, outputs, victim, error="InvalidIdentityToken")
        assert refused["rule"] == f"audience: {its['audience']} is not registered with {provider}"
        iam.add_client_id_to_open_id_connect_provider(**registered)
        refused = refused_exchange(world, one, outputs, victim)
    finally:
        vault.write_data(key, data=held)
        iam.remove_client_id_from_open_id_connect_provider(**registered)
    assert refused["rule"] == (
        f"the trust policy does not allow sts:AssumeRoleWithWebIdentity to {provider}"
    )


def refused_exchange(
    world: Laboratory,
    mount: tuple[str, str],
    outputs: dict[str, Any],
    changes: dict[str, str],
    *,
    error: str = "AccessDenied",
) -> dict[str, Any]:
    """Have a mount exchange a token for what its configuration wrongly names; return why not."""
    kind, key = mount
    configuration = CONFIGURATIONS[kind]
    vault = world.vault(outputs[SECTIONS[kind]][key]["namespace"])
    held = vault.read(configuration)["data"]
    kept = {"auth": ("endpoint",), "secret": ("region", "username_template")}[kind]
    own = {name: held[name] for name in ("role_arn", "identity_token_audience", *kept)}
    principal = {"bound_iam_principal_arn": [held["role_arn"]], "auth_type": "iam"}
    uses: dict[str, Callable[[], object]] = {
        "secret": lambda: vault.read("aws/creds/my-role"),
        "auth": lambda: vault.write_data("auth/aws/role/probe", data=principal),
    }
    since = len(world.decisions())
    try:
        vault.write_data(configuration, data={**own, **changes})
        with pytest.raises(InvalidRequest, match=r"NoCredentialProviders|unable to resolve ARN"):
            uses[kind]()
    finally:
        vault.write_data(configuration, data=own)
    exchanges = [
        decision
        for decision in world.decisions()[since:]
        if decision["action"] == "sts:AssumeRoleWithWebIdentity"
    ]
    assert {(each["resource"], each["outcome"], each["error"]) for each in exchanges} == {
        (changes["role_arn"], "refused", error)
    }
    return exchanges[-1]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_permissions_of_one_touch_no_user_of_another(
    one: str, other: str, world: Laboratory, users: dict[str, dict[str, str]]
) -> None:
    admin, role = administrator(world), f"vault-secret-{SCOPES[one]}"
    admin.create_user(UserName="stands-in")
    try:
        for name in admin.list_role_policies(RoleName=role)["PolicyNames"]:
            document = admin.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            admin.put_user_policy(
                UserName="stands-in", PolicyName=name, PolicyDocument=json.dumps(document)
            )
        key = admin.create_access_key(UserName="stands-in")["AccessKey"]
        iam = world.aws("iam", key["AccessKeyId"], key["SecretAccessKey"])
        assert iam.list_access_keys(UserName=users[one]["name"])["AccessKeyMetadata"]
        victim: Any = {"UserName": users[other]["name"]}
        policy = {"PolicyName": "p", "PolicyDocument": json.dumps({"Statement": []})}
        attempts: list[Callable[[], object]] = [
            lambda: iam.list_access_keys(**victim),
            lambda: iam.create_access_key(**victim),
            lambda: iam.delete_access_key(**victim, AccessKeyId=users[other]["access_key"]),
            lambda: iam.put_user_policy(**victim, **policy),
            lambda: iam.delete_user_policy(**victim, PolicyName="p"),
            lambda: iam.list_user_policies(**victim),
            lambda: iam.list_groups_for_user(**victim),
            lambda: iam.delete_user(**victim),
            lambda: iam.create_user(UserName="vault-a-my-role-b", Path=users[other]["path"]),
        ]
        for attempt in attempts:
            with pytest.raises(ClientError, match="AccessDenied"):
                attempt()
    finally:
        for found in admin.list_access_keys(UserName="stands-in")["AccessKeyMetadata"]:
            admin.delete_access_key(UserName="stands-in", AccessKeyId=found["AccessKeyId"])
        for name in admin.list_user_policies(UserName="stands-in")["PolicyNames"]:
            admin.delete_user_policy(UserName="stands-in", PolicyName=name)
        admin.delete_user(UserName="stands-in")


def test_nothing_differs_after_up_nor_after_a_refresh(stack: Stack) -> None:
    stack.expect_no_changes()
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.expect_no_changes()


def test_a_stack_gives_up_a_namespace_only_when_it_is_destroyed(stack: Stack) -> None:
    stack.configure(own(team_a="existing", team_a__sub="existing"))
    told = refusal(stack, "preview")
    assert "the namespace team-a was made by this stack, which would delete it" in told
    assert "keep vault.namespaces: {team-a: managed}" in told
    stack.configure(own(team_a="managed", team_a__sub="managed"))


def test_another_stack_is_told_which_ownership_to_write(
    world: Laboratory, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Stack(world, tmp_path_factory.mktemp("stacks") / "other", "other", ROOT)
    values = own(team_a="managed")
    for key in ("aws", "sub"):
        del values["secretsEngines"][key]
    del values["authMethods"]
    values["vault"]["issuer"] = values["accounts"]["main"]["identityProvider"] = "existing"
    other.create(values)
    told = refusal(other, "preview")
    assert "the namespace team-a exists already, and not by this stack" in told
    assert "set vault.namespaces: {team-a: existing} to use it" in told

    values["vault"]["namespaces"] = {}
    values["secretsEngines"]["a"]["namespace"] = "team-b"
    values["accounts"]["main"]["identityProvider"] = "managed"
    other.configure(values)
    told = refusal(other, "preview")
    assert "there is no namespace team-b: set vault.namespaces: {team-b: managed}" in told

    values["secretsEngines"]["a"] |= {"namespace": "team-a", "path": "other", "audience": "other"}
    values["accounts"]["main"]["identityProvider"] = "existing"
    other.configure(values)
    other.up()
    other.expect_no_changes()
    assert world.vault("team-a").read("other/creds/my-role")["data"]["access_key"]
    other.destroy()
    other.pulumi("stack", "rm", "--yes")
    assert namespaces(world) == ["team-a"]
    stack.expect_no_changes()


def test_a_destroyed_stack_leaves_what_others_have_in_its_namespaces_and_then_nothing(
    world: Laboratory, stack: Stack, users: dict[str, dict[str, str]]
) -> None:
    """Each engine still has a lease; somebody has a mount in the nested namespace."""
    assert users
    sub = world.vault("team-a/sub")
    sub.sys.enable_secrets_engine("kv", path="theirs")
    told = refusal(stack, "destroy", "--yes", "--skip-preview")
    assert "the namespace team-a/sub stays: it has mounts of others" in told
    assert "theirs/. Remove them first, then destroy this stack again" in told
    assert namespaces(world, "team-a") == ["team-a/sub"]
    assert "theirs/" in sub.sys.list_mounted_secrets_engines()["data"]

    sub.sys.disable_secrets_engine("theirs")
    stack.destroy()
    stack.pulumi("stack", "rm", "--yes")
    assert namespaces(world) == []
    assert holdings(world) == {}
    assert not any((world.home.vault / "namespaces").iterdir())
