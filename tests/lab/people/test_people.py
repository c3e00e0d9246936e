"""People: who may log in, what they may read then, and whom they are at AWS afterwards."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hvac.exceptions import Forbidden, InternalServerError, InvalidRequest

from federation.people import IdentityProvider
from lab import switches
from lab.home import read_json, write_json
from lab.switches import Fault, Switches
from tests.lab.browser import COMMAND_LINE, browser, holder, log_in
from tests.lab.conftest import ROOT
from tests.lab.faults import ENGINE_LOST, Breaker
from tests.lab.stacks import Stack, administrator, holdings

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    import hvac

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

_TARGET = "vault-target-people-deploy"
_WORKLOAD = "vault-secret-people-root-aws"
_MANAGED = "arn:aws:iam::123456789012:policy/operators"
_ALLOWED = "policies/aws/list-roles-and-users.json"
_SECRET = "another-false-client-secret"
_NEXT_SECRET = "false-client-secret-after-a-change"
_USER_INTERFACE = "https://vault.lab.test/ui/vault/auth/people/oidc/callback"


def _settings() -> Settings:
    condition = {"externalId": "people-of-the-laboratory", "sessionTags": {"Team": "engineering"}}
    target = {"account": "main", "trustedBy": ["aws"]}
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {"main": {"id": "123456789012", "region": "us-east-1"}},
        "targetRoles": {
            "deploy": {**target, **condition, "policy": _ALLOWED},
            "operate": {**target, "managedPolicies": [_MANAGED]},
        },
        "secretsEngines": {
            "aws": {
                "account": "main",
                "audience": "vault-aws-secrets",
                "roles": {
                    "deploy": {
                        "credentialType": "assumed_role",
                        "targetRoles": ["deploy"],
                        **condition,
                    },
                    "operate": {
                        "credentialType": "assumed_role",
                        "roleArns": ["arn:aws:iam::123456789012:role/vault-target-people-operate"],
                        "defaultTtlSeconds": 900,
                    },
                    "user": {
                        "credentialType": "iam_user",
                        "policy": "policies/aws/get-own-user.json",
                    },
                },
            }
        },
        "humanLogins": {
            "people": {
                "discoveryUrl": "https://people.lab.test",
                "clientId": "vault-of-the-tests",
                "tokenTtlSeconds": 600,
                "groups": {
                    "engineering": {"awsRoles": ["aws/deploy"]},
                    "operations": {"awsRoles": ["aws/operate", "aws/user"]},
                },
            }
        },
    }


@pytest.fixture(scope="module")
def first_attempt(
    world: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Stack, subprocess.CompletedProcess[str]]:
    """A stack whose first update found the identity provider away."""
    _know_client(world, _SECRET)
    administrator(world).create_policy(
        PolicyName="operators", PolicyDocument=(ROOT / _ALLOWED).read_text("utf-8")
    )
    made = Stack(world, tmp_path_factory.mktemp("project"), "people", ROOT)
    made.create(_settings())
    made.hide_client_secret("people", _SECRET)
    switches.store(world.home, Switches(unreachable=("people.lab.test",)))
    try:
        return made, made.up(check=False)
    finally:
        switches.store(world.home, Switches())


@pytest.fixture(scope="module")
def stack(first_attempt: tuple[Stack, subprocess.CompletedProcess[str]]) -> Stack:
    made, _ = first_attempt
    made.up()
    return made


def _change(stack: Stack, change: Callable[[Settings], None]) -> None:
    """Edit the stack's file, in which the client secrets stay as they are."""
    file = stack.folder / f"Pulumi.{stack.name}.yaml"
    loaded = yaml.safe_load(file.read_text("utf-8"))
    prefix = "vault-aws-federation:"
    settings = {key.removeprefix(prefix): value for key, value in loaded["config"].items()}
    change(settings)
    stack.configure(settings)


def _know_client(laboratory: Laboratory, secret: str) -> None:
    known = read_json(laboratory.home.people)
    client = {
        "id": "vault-of-the-tests",
        "secret": secret,
        "redirect_uris": [COMMAND_LINE, _USER_INTERFACE],
    }
    others = [entry for entry in known["clients"] if entry["id"] != client["id"]]
    write_json(laboratory.home.people, {**known, "clients": [*others, client]})


def _person(laboratory: Laboratory, who: str, *, path: str = "people") -> hvac.Client:
    outcome = log_in(laboratory, who, path=path)
    assert not outcome.refusal
    return holder(laboratory, outcome.token)


def _identity(laboratory: Laboratory, credentials: dict[str, str]) -> dict[str, str]:
    answer = _as(laboratory, credentials, "sts", "get-caller-identity")
    identity: dict[str, str] = json.loads(answer)
    return identity


def _as(laboratory: Laboratory, credentials: dict[str, str], *command: str) -> str:
    environment = {
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
        "AWS_SESSION_TOKEN": credentials["session_token"],
    }
    finished = laboratory.run("aws", *command, env=environment, check=False)
    return finished.stdout if finished.returncode == 0 else finished.stderr


def test_an_identity_provider_that_is_away_is_named_with_what_to_do(
    first_attempt: tuple[Stack, subprocess.CompletedProcess[str]],
) -> None:
    _, failed = first_attempt
    assert failed.returncode != 0
    said = " ".join(failed.stdout.split())
    assert "the login at people is not configured" in said
    assert "https://people.lab.test/.well-known/openid-configuration" in said
    assert _SECRET not in failed.stdout + failed.stderr


@pytest.mark.parametrize("redirect_uri", [COMMAND_LINE, _USER_INTERFACE])
def test_a_person_of_the_group_becomes_the_target_role(stack: Stack, redirect_uri: str) -> None:
    outcome = log_in(stack.laboratory, "alice", redirect_uri=redirect_uri)
    assert not outcome.refusal
    assert outcome.policies == ("default", "people-root-aws-creds-deploy")
    assert outcome.seconds == 600
    lease = holder(stack.laboratory, outcome.token).read("aws/creds/deploy")
    identity = _identity(stack.laboratory, lease["data"])
    assert re.fullmatch(
        rf"arn:aws:sts::123456789012:assumed-role/{_TARGET}/vault-people-alice-deploy-\w{{8}}",
        identity["Arn"],
    )
    assert lease["lease_duration"] <= 3_600


@pytest.mark.parametrize(("who", "role"), [("alice", "deploy"), ("carol", "operate")])
def test_a_session_may_do_what_the_target_role_may_and_no_more(
    who: str, role: str, stack: Stack
) -> None:
    credentials = _person(stack.laboratory, who).read(f"aws/creds/{role}")["data"]
    assert _TARGET in _as(stack.laboratory, credentials, "iam", "list-roles")
    assert "AccessDenied" in _as(stack.laboratory, credentials, "iam", "list-groups")


@pytest.mark.parametrize("path", ["aws/creds/operate", "aws/sts/operate", "aws/creds/user"])
def test_a_person_reads_no_role_of_another_group(stack: Stack, path: str) -> None:
    with pytest.raises(Forbidden, match="permission denied"):
        _person(stack.laboratory, "alice").read(path)


@pytest.mark.parametrize(
    "path", ["aws/roles/deploy", "aws/config/root", "auth/people/config", "sys/mounts"]
)
def test_a_person_sees_nothing_of_how_it_is_made(stack: Stack, path: str) -> None:
    with pytest.raises(Forbidden, match="permission denied"):
        _person(stack.laboratory, "alice").read(path)


def test_a_person_of_two_groups_reads_the_roles_of_both(stack: Stack) -> None:
    carol = _person(stack.laboratory, "carol")
    for role in ("deploy", "operate"):
        credentials = carol.read(f"aws/creds/{role}")["data"]
        assert f"/vault-target-people-{role}/" in _identity(stack.laboratory, credentials)["Arn"]


def test_a_person_outside_the_groups_is_refused(stack: Stack) -> None:
    assert log_in(stack.laboratory, "bob").refusal == (
        'error validating claims: claim "groups" does not match any associated bound claim values'
    )


def test_vault_sends_nobody_to_another_address(stack: Stack) -> None:
    elsewhere = log_in(stack.laboratory, "alice", redirect_uri="https://elsewhere.lab.test/")
    assert elsewhere.refusal == "Vault gives no address to log in at"


def test_no_session_outlives_the_hour_that_aws_grants_a_chained_one(stack: Stack) -> None:
    carol = _person(stack.laboratory, "carol")
    asked: Any = carol.read("aws/creds/operate?ttl=3601s")
    assert asked["lease_duration"] == 3_600
    assert carol.read("aws/creds/operate")["lease_duration"] == 900


def test_a_target_role_admits_no_session_with_other_tags(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    role = {
        "credential_type": "assumed_role",
        "role_arns": f"arn:aws:iam::123456789012:role/{_TARGET}",
        "external_id": "people-of-the-laboratory",
    }
    for tags in ({}, {"Team": "others"}, {"Team": "engineering", "More": "x"}):
        vault.write_data("aws/roles/other", data={**role, "session_tags": tags})
        with pytest.raises((InvalidRequest, InternalServerError), match="AccessDenied"):
            vault.read("aws/creds/other")
        refused = stack.laboratory.decisions()[-1]
        assert refused["outcome"] == "refused"
        assert "trust policy" in refused["rule"]
    vault.delete("aws/roles/other")


def test_everything_is_as_declared_after_people_have_logged_in(stack: Stack) -> None:
    stack.pulumi("refresh", "--yes", "--skip-preview")
    stack.expect_no_changes()


def test_the_outputs_say_how_to_log_in_and_read(stack: Stack) -> None:
    outputs = stack.outputs()
    people = outputs["human_logins"]["people"]
    assert people["log_in"] == {"people": "vault login -method=oidc -path=people role=people"}
    assert people["redirect_uris"] == [COMMAND_LINE, _USER_INTERFACE]
    assert people["read_credentials"]["engineering"] == {
        "aws/deploy": "vault read aws/creds/deploy"
    }
    assert outputs["target_roles"]["deploy"] == {
        "role_arn": f"arn:aws:iam::123456789012:role/{_TARGET}",
        "trusted_role_arns": [f"arn:aws:iam::123456789012:role/{_WORKLOAD}"],
    }


def test_the_client_secret_stands_nowhere_in_the_clear(stack: Stack) -> None:
    home = stack.laboratory.home
    clear = stack.pulumi("stack", "export", "--show-secrets").stdout
    assert _SECRET in clear, "the state holds it, encrypted"
    places = {
        "stack file": (stack.folder / "Pulumi.people.yaml").read_text("utf-8"),
        "export": stack.pulumi("stack", "export").stdout,
        "outputs": stack.pulumi("stack", "output", "--json", "--show-secrets").stdout,
        "preview": stack.pulumi("preview", "--diff").stdout,
        "update": stack.up("--diff").stdout,
    }
    for folder in (home.pulumi_state, home.pulumi_home, home.logs, home.vault, home.aws):
        for path in folder.rglob("*"):
            if path.is_file():
                places[str(path)] = path.read_text("utf-8", errors="replace")
    assert [place for place, text in places.items() if _SECRET in text] == []
    assert (home.people.stat().st_mode & 0o777) == 0o600


def test_a_new_client_secret_arrives_although_its_first_write_failed(stack: Stack) -> None:
    """Vault shows the secret to nobody, so no refresh finds that it never arrived."""
    home = stack.laboratory.home
    _know_client(stack.laboratory, _NEXT_SECRET)
    stack.hide_client_secret("people", _NEXT_SECRET)
    written = "vault.lab.test POST /v1/auth/people/config"
    switches.store(home, Switches(fault=Fault(kind="refuse", write=written)))
    try:
        failed = stack.up(check=False)
    finally:
        switches.store(home, Switches())
    assert failed.returncode != 0
    assert "the login at people is not configured" in failed.stdout
    assert "invalid_client" in log_in(stack.laboratory, "alice").refusal
    succeeded = stack.up("--diff")
    assert not log_in(stack.laboratory, "alice").refusal
    stack.expect_no_changes()
    for shown in (failed, succeeded):
        assert _SECRET not in shown.stdout + shown.stderr
        assert _NEXT_SECRET not in shown.stdout + shown.stderr


def test_an_engines_role_that_is_made_again_is_trusted_again(stack: Stack) -> None:
    iam = administrator(stack.laboratory)
    before = iam.get_role(RoleName=_WORKLOAD)["Role"]["RoleId"]
    exported = json.loads(stack.pulumi("stack", "export").stdout)
    (workload,) = (
        entry["urn"]
        for entry in exported["deployment"]["resources"]
        if entry["urn"].endswith("::aws-workload")
    )
    stack.up("--replace", workload)
    after = iam.get_role(RoleName=_WORKLOAD)["Role"]["RoleId"]
    assert after != before
    trust = json.dumps(iam.get_role(RoleName=_TARGET)["Role"]["AssumeRolePolicyDocument"])
    assert before not in trust
    assert f"role/{_WORKLOAD}" in trust
    _forget_sessions(stack.laboratory)
    assert _person(stack.laboratory, "alice").read("aws/creds/deploy")["data"]
    stack.expect_no_changes()


def test_an_engines_role_that_somebody_made_again_is_trusted_again_after_an_update(
    stack: Stack,
) -> None:
    iam = administrator(stack.laboratory)
    role = iam.get_role(RoleName=_WORKLOAD)["Role"]
    policies = {
        name: json.dumps(iam.get_role_policy(RoleName=_WORKLOAD, PolicyName=name)["PolicyDocument"])
        for name in iam.list_role_policies(RoleName=_WORKLOAD)["PolicyNames"]
    }
    for name in policies:
        iam.delete_role_policy(RoleName=_WORKLOAD, PolicyName=name)
    iam.delete_role(RoleName=_WORKLOAD)
    iam.create_role(
        RoleName=_WORKLOAD,
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        Tags=role["Tags"],
    )
    for name, policy in policies.items():
        iam.put_role_policy(RoleName=_WORKLOAD, PolicyName=name, PolicyDocument=policy)
    _forget_sessions(stack.laboratory)
    alice = _person(stack.laboratory, "alice")
    with pytest.raises((InvalidRequest, InternalServerError), match="AccessDenied"):
        alice.read("aws/creds/deploy")
    trust = json.dumps(iam.get_role(RoleName=_TARGET)["Role"]["AssumeRolePolicyDocument"])
    assert f'"AWS": ["{role["RoleId"]}"]' in trust or f'"AWS": "{role["RoleId"]}"' in trust

    assert stack.changes() == {"deploy-role": "update", "operate-role": "update"}
    stack.up()
    assert alice.read("aws/creds/deploy")["data"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/users/mallory", {"groups": ["engineering"]}),
        ("POST", "/oauth2/clients", {"redirect_uris": ["https://elsewhere.lab.test/"]}),
    ],
)
def test_the_identity_provider_lets_nobody_register(
    method: str, path: str, body: dict[str, Any], world: Laboratory
) -> None:
    answer = browser(world).request(method, f"https://people.lab.test{path}", json=body)
    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "changed", [{"client_id": "unknown"}, {"redirect_uri": "https://elsewhere.lab.test/"}]
)
def test_the_identity_provider_knows_its_clients_and_their_addresses(
    changed: dict[str, str], world: Laboratory
) -> None:
    asked = {
        "client_id": "vault",
        "redirect_uri": COMMAND_LINE,
        "response_type": "code",
        "scope": "openid",
        "nonce": "any",
    }
    place = "https://people.lab.test/oauth2/authorize"
    assert browser(world).get(place, params=asked).status_code == HTTPStatus.OK
    refused = browser(world).get(place, params={**asked, **changed}, allow_redirects=False)
    assert refused.status_code == HTTPStatus.BAD_REQUEST


def _forget_sessions(laboratory: Laboratory) -> None:
    """Vault keeps a session of its role for up to an hour, also of a role that is gone."""
    laboratory.vault().write_data("sys/plugins/reload/backend", data={"mounts": "aws/"})


def test_who_is_in_more_groups_than_a_token_tells_is_asked_about_at_graph(stack: Stack) -> None:
    """With Vault's own code, Graph under its own name, and nothing but the setting."""
    laboratory = stack.laboratory
    assert log_in(laboratory, "erin").refusal == (
        'failed to fetch groups: "groups" claim not found in token'
    )
    group = read_json(laboratory.home.people)["users"]["erin"][-1]

    def ask_graph(settings: Settings) -> None:
        people = settings["humanLogins"]["people"]
        granted = {group: {"awsRoles": ["aws/user"]}}
        settings["humanLogins"]["entra"] = {**people, "provider": "entra", "groups": granted}
        secrets = settings["humanLoginSecrets"]
        secrets["entra"] = secrets["people"]

    _change(stack, ask_graph)
    stack.up()
    stack.expect_no_changes()
    erin = log_in(laboratory, "erin", path="entra")
    assert erin.policies == ("default", "people-root-aws-creds-user")
    assert holder(laboratory, erin.token).read("aws/creds/user")["data"]["access_key"]
    # Whose token tells groups is not asked about; without one of the groups it may do nothing.
    alice = log_in(laboratory, "alice", path="entra")
    assert alice.policies == ("default",)
    with pytest.raises(Forbidden, match="permission denied"):
        holder(laboratory, alice.token).read("aws/creds/user")
    switches.store(laboratory.home, Switches(unreachable=("graph.microsoft.com",)))
    try:
        refusal = log_in(laboratory, "erin", path="entra").refusal
    finally:
        switches.store(laboratory.home, Switches())
    assert refusal.startswith(
        'failed to fetch groups: "groups" claim not found in token: unable to call Microsoft Graph'
    )


def test_what_google_is_asked_with_is_what_vault_takes(stack: Stack) -> None:
    """As far as the laboratory's Vault goes, which has no client of Google's directory."""
    given = IdentityProvider(
        kind="google", domain="example.com", admin="a@example.com", service_account="v@example.com"
    ).configuration
    vault = stack.laboratory.vault()
    held = vault.read("auth/entra/config")["data"]
    written = {
        "oidc_discovery_url": held["oidc_discovery_url"],
        "oidc_client_id": held["oidc_client_id"],
        "oidc_client_secret": _NEXT_SECRET,
        "provider_config": given,
    }
    with pytest.raises(
        InvalidRequest, match=r'invalid provider_config: .*impersonate principal: "v@example.com"'
    ):
        vault.write_data("auth/entra/config", data=written)


def test_what_an_engine_made_of_a_login_before_it_was_killed_is_imported(stack: Stack) -> None:
    """A path, a group's name and an alias are taken then, and no update gets past that."""

    def add_guests(settings: Settings) -> None:
        people = settings["humanLogins"]["people"]
        sales = {"sales": {"awsRoles": ["aws/user"]}}
        settings["humanLogins"]["guests"] = {**people, "groups": sales}
        secrets = settings["humanLoginSecrets"]
        secrets["guests"] = secrets["people"]

    def add_support(settings: Settings) -> None:
        groups = settings["humanLogins"]["guests"]["groups"]
        groups["support"] = {"awsRoles": ["aws/user"]}

    breaker = Breaker(stack)

    def lost(write: str, what: str) -> None:
        breaker.run("up", ENGINE_LOST, f"vault.lab.test {write}")
        said = breaker.recover().stdout
        assert f"{what} in Vault exists and is not in the state of the stack people" in said

    _change(stack, add_guests)
    try:
        lost("POST /v1/sys/auth/guests", "the auth method guests/")
        lost("PUT /v1/identity/group-alias", "the group alias sales")
        # Made beside the method, so alone now that the method is there.
        _change(stack, add_support)
        lost("PUT /v1/identity/group", "the group people-root-guests-support")
    finally:
        switches.store(stack.laboratory.home, Switches())
    stack.up()
    assert "people-root-aws-creds-user" in log_in(stack.laboratory, "bob", path="guests").policies
    stack.expect_no_changes()


_ADMINS = "CN=Vault Admins,OU=Groups,DC=corp"


def test_a_group_with_commas_admits_its_own_people_alone(stack: Stack) -> None:
    """As directories name groups; the provider's own type of role would admit all of DC=corp."""

    def put_bob_into(*groups: str) -> None:
        known = read_json(stack.laboratory.home.people)
        users = {**known["users"], "bob": list(groups)}
        write_json(stack.laboratory.home.people, {**known, "users": users})

    before = read_json(stack.laboratory.home.people)["users"]["bob"]

    def admit_admins(settings: Settings) -> None:
        settings["humanLogins"]["people"]["groups"][_ADMINS] = {"awsRoles": ["aws/user"]}

    def admit_none(settings: Settings) -> None:
        del settings["humanLogins"]["people"]["groups"][_ADMINS]

    _change(stack, admit_admins)
    stack.up()
    put_bob_into(_ADMINS)
    assert log_in(stack.laboratory, "bob").policies == ("default", "people-root-aws-creds-user")
    assert not log_in(stack.laboratory, "alice").refusal
    put_bob_into("DC=corp", "OU=Groups", "CN=Vault Admins")
    assert log_in(stack.laboratory, "bob").refusal == (
        'error validating claims: claim "groups" does not match any associated bound claim values'
    )
    assert stack.outputs()["human_logins"]["people"]["log_in"] == {
        "people-groups": "vault login -method=oidc -path=people role=people-groups"
    }
    stack.expect_no_changes()
    role = "auth/people/role/people-groups"
    stack.laboratory.vault().write_data(role, data={"token_policies": ["default", "more"]})
    stack.up()
    held = stack.laboratory.vault().read(role)["data"]
    assert (held["token_policies"], held["bound_claims"]["groups"]) == (
        [],
        [_ADMINS, "engineering", "operations"],
    )
    _change(stack, admit_none)
    stack.up()
    put_bob_into(_ADMINS)
    assert log_in(stack.laboratory, "bob").refusal
    put_bob_into(*before)
    assert not log_in(stack.laboratory, "alice").refusal
    assert stack.laboratory.vault().list("auth/people/role")["data"]["keys"] == ["people"]
    stack.expect_no_changes()


def test_a_login_at_another_path_is_a_clean_replacement_and_a_group_can_go(stack: Stack) -> None:
    old = _person(stack.laboratory, "carol")

    def move_and_shrink(settings: Settings) -> None:
        people = settings["humanLogins"]["people"]
        people["path"] = "team/people"
        del people["groups"]["engineering"]

    _change(stack, move_and_shrink)
    assert stack.changes() == {
        "people-method": "replace",
        "people-client": "update",
        "people-role": "replace",
        "people-alias/operations": "update",
        "people-group/engineering": "delete",
        "people-alias/engineering": "delete",
    }
    stack.up()
    with pytest.raises(Forbidden):
        old.lookup_token()
    assert log_in(stack.laboratory, "alice", path="team/people").refusal
    assert log_in(stack.laboratory, "carol", path="team/people").policies == (
        "default",
        "people-root-aws-creds-operate",
        "people-root-aws-creds-user",
    )


def test_destroying_leaves_nobody_with_anything(stack: Stack) -> None:
    laboratory = stack.laboratory
    mount = stack.outputs()["human_logins"]["people"]["mount"]
    carol = _person(laboratory, "carol", path=mount.removeprefix("auth/"))
    user = carol.read("aws/creds/user")
    assert user["data"]["access_key"]
    stack.destroy()
    assert holdings(laboratory) == {}
    with pytest.raises(Forbidden):
        carol.lookup_token()
    # Vault itself remembers who was there; it means nothing, for no group and no policy is left.
    vault = laboratory.vault()
    for identifier in vault.list("identity/entity/id")["data"]["keys"]:
        entity = vault.read(f"identity/entity/id/{identifier}")["data"]
        assert entity["policies"] == []
        assert entity["group_ids"] == []
