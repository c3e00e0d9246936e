"""The aws auth method: who gets in, who does not, and what is left of it."""

from __future__ import annotations

import base64
import copy
import json
import re
from dataclasses import fields
from typing import Any

import hvac
import hvac.exceptions
import pytest

from components.summary import SECTIONS
from lab import switches
from tests.lab.conftest import ROOT, Laboratory, lab_command
from tests.lab.logins import HEADER, log_in, make_role, session, signed
from tests.lab.stacks import Stack, administrator, holdings

MAIN, DATA = "123456789012", "444455556666"
LOOK_UP = f"arn:aws:iam::{DATA}:role/vault-look-up"
WORKLOAD = f"arn:aws:sts::{MAIN}:assumed-role/vault-auth-dev-root-aws/"
Settings = dict[str, Any]


def declared() -> Settings:
    """Return settings with an auth method alone, and a principal of every kind."""
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {"main": {"id": MAIN, "region": "us-east-1"}},
        "authMethods": {
            "aws": {
                "account": "main",
                "audience": "vault-aws-auth",
                "tokenTtlSeconds": 7_200,  # so that a token outlives a session
                "stsRoles": [{"roleArn": LOOK_UP, "externalId": "vault"}],
                "roles": {
                    "app": {
                        "boundPrincipals": [f"arn:aws:iam::{MAIN}:role/app"],
                        "policies": ["dev"],
                    },
                    "others": {
                        "boundPrincipals": [
                            f"arn:aws:iam::{MAIN}:role/team/fleeting",
                            f"arn:aws:iam::{MAIN}:user/people/alice",
                            f"arn:aws:iam::{DATA}:role/stranger",
                        ],
                        "existingPolicies": ["reader"],
                        "defaultTtlSeconds": 120,
                        "maxTtlSeconds": 240,
                    },
                },
            }
        },
    }


def with_wildcard() -> Settings:
    """Return settings that bind all roles of a team."""
    values = declared()
    values["authMethods"]["aws"]["wildcardPrincipals"] = True
    values["authMethods"]["aws"]["roles"]["app"]["boundPrincipals"] = [
        f"arn:aws:iam::{MAIN}:role/team/*"
    ]
    return values


@pytest.fixture(scope="module")
def ids(world: Laboratory) -> dict[str, str]:
    """Principals that are there before the stack is, with their unique ids."""
    lab_command("application", world.home.root)
    data = administrator(world, "data")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{MAIN}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "vault"}},
    }
    data.create_role(
        RoleName="vault-look-up",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    allow = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": f"arn:aws:iam::{DATA}:role/*"}
    data.put_role_policy(
        RoleName="vault-look-up",
        PolicyName="look-up",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    main = administrator(world)
    return {
        "app": main.get_role(RoleName="app")["Role"]["RoleId"],
        "fleeting": make_role(world, "fleeting", path="/team/"),
        "mate": make_role(world, "mate", path="/team/"),
        "alice": main.create_user(UserName="alice", Path="/people/")["User"]["UserId"],
        "stranger": make_role(world, "stranger", account="data"),
        # The same name as in the other account, and nobody's principal.
        "namesake": make_role(world, "stranger"),
    }


@pytest.fixture(scope="module")
def before(world: Laboratory, ids: dict[str, str]) -> dict[str, Any]:
    """What the clouds hold before the stack."""
    return holdings(world)


@pytest.fixture(scope="module")
def stack(
    world: Laboratory, before: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Stack:
    """The stack, deployed once for all tests that leave it as it is."""
    made = Stack(world, tmp_path_factory.mktemp("logins"), "dev", ROOT)
    made.create(declared())
    # As slow as AWS may be: Vault keeps a client that it made a moment too early.
    switches.store(world.home, switches.Switches(propagation_delay_seconds=8))
    try:
        made.up()
    finally:
        switches.store(world.home, switches.Switches())
    return made


def refused(stack: Stack, role: str, fields: dict[str, str]) -> str:
    """Try to log in and return why Vault does not let anybody in."""
    with pytest.raises(hvac.exceptions.VaultError) as refusal:
        log_in(stack.laboratory, role, fields)
    assert isinstance(refusal.value, hvac.exceptions.InvalidRequest), refusal.value
    return "; ".join(refusal.value.errors)


def test_a_role_session_logs_in_and_gets_what_is_declared(
    stack: Stack, ids: dict[str, str]
) -> None:
    auth = log_in(stack.laboratory, "app", signed(session(stack.laboratory, "app")))
    assert auth["policies"] == ["default", "dev-root-aws-login-dev"]
    assert auth["lease_duration"] == 900
    vault = stack.laboratory.vault()
    token = vault.auth.token.lookup(auth["client_token"])["data"]
    assert token["ttl"] <= 900
    assert vault.read("auth/aws/role/app")["data"]["token_max_ttl"] == 3_600
    policy = vault.sys.read_policy("dev-root-aws-login-dev")["data"]["rules"]
    assert policy == (ROOT / "policies" / "vault" / "dev.hcl").read_text("utf-8")


def test_each_principal_is_one_entity_by_its_unique_id(stack: Stack, ids: dict[str, str]) -> None:
    vault = stack.laboratory.vault()
    for name in ("i-1", "i-2"):
        keys = session(stack.laboratory, "app", name=name)
        entity = log_in(stack.laboratory, "app", signed(keys))["entity_id"]
        (alias,) = vault.read(f"identity/entity/id/{entity}")["data"]["aliases"]
        assert alias["name"] == ids["app"]


def test_a_user_below_a_path_logs_in(stack: Stack, ids: dict[str, str]) -> None:
    iam = administrator(stack.laboratory)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    keys = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    auth = log_in(stack.laboratory, "others", signed(keys))
    iam.delete_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"])
    assert auth["policies"] == ["default", "reader"]
    assert auth["lease_duration"] == 120


def test_a_client_that_nobody_here_wrote_logs_in(stack: Stack, ids: dict[str, str]) -> None:
    keys = session(stack.laboratory, "app")
    vault = stack.laboratory.vault()
    answer = vault.auth.aws.iam_login(
        keys["AccessKeyId"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
        header_value="vault.lab.test",
        role="app",
        use_token=False,
    )
    assert answer["auth"]["metadata"].items() >= {"account_id": MAIN, "auth_type": "iam"}.items()


def test_a_wrong_secret_is_refused(stack: Stack, ids: dict[str, str]) -> None:
    keys = session(stack.laboratory, "app")
    told = refused(stack, "app", signed({**keys, "SecretAccessKey": "false-secret"}))
    assert "received error code 403 from STS" in told
    assert "SignatureDoesNotMatch" in told


def test_a_session_that_has_ended_is_refused(stack: Stack, ids: dict[str, str]) -> None:
    fields = signed(session(stack.laboratory, "app"))
    home = stack.laboratory.home
    switches.store(home, switches.Switches(clock_offset_seconds=3_601))
    try:
        assert "ExpiredToken" in refused(stack, "app", fields)
    finally:
        switches.store(home, switches.Switches())
    log_in(stack.laboratory, "app", fields)


def test_another_principal_is_refused(stack: Stack, ids: dict[str, str]) -> None:
    told = refused(stack, "app", signed(session(stack.laboratory, "team/mate")))
    assert told == (
        f'IAM Principal "arn:aws:sts::{MAIN}:assumed-role/mate/i-1" does not belong to the role '
        '"app"'
    )
    owner = stack.laboratory.accounts()[0]
    administrators = {
        "AccessKeyId": owner["access_key_id"],
        "SecretAccessKey": owner["secret_access_key"],
    }
    assert "does not belong to the role" in refused(stack, "app", signed(administrators))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"server": None}, f'missing header "{HEADER}"'),
        ({"server": "vault.elsewhere"}, 'expected "vault.lab.test" but got "vault.elsewhere"'),
        (
            {"server": None, "X_Vault_AWS_IAM_Server_ID": "vault.lab.test"},
            "vault header wasn't signed",
        ),
    ],
    ids=["without the header", "for another server", "with the header added later"],
)
def test_a_replayed_request_is_refused(
    fields: dict[str, Any], reason: str, stack: Stack, ids: dict[str, str]
) -> None:
    told = refused(stack, "app", signed(session(stack.laboratory, "app"), **fields))
    assert told == f"error validating {HEADER} header: {reason}"


def test_a_header_changed_after_signing_is_refused(stack: Stack, ids: dict[str, str]) -> None:
    fields = signed(session(stack.laboratory, "app"), server="vault.elsewhere")
    headers = json.loads(base64.b64decode(fields["iam_request_headers"]))
    headers[HEADER] = "vault.lab.test"
    fields["iam_request_headers"] = base64.b64encode(json.dumps(headers).encode()).decode()
    assert "SignatureDoesNotMatch" in refused(stack, "app", fields)


def test_principals_of_another_account_log_in_by_its_role(
    stack: Stack, ids: dict[str, str]
) -> None:
    keys = session(stack.laboratory, "stranger", account="data")
    auth = log_in(stack.laboratory, "others", signed(keys))
    assert auth["metadata"]["account_id"] == DATA
    namesake = signed(session(stack.laboratory, "stranger"))
    assert "does not belong to the role" in refused(stack, "others", namesake)
    held = stack.laboratory.vault().read(f"auth/aws/config/sts/{DATA}")["data"]
    assert held == {"sts_role": LOOK_UP, "external_id": "vault"}


def test_the_method_used_every_right_it_has_and_asked_for_no_other(stack: Stack) -> None:
    asked = {
        (decision["action"], decision["resource"], decision["outcome"])
        for decision in stack.laboratory.decisions()
        if decision["principal"].startswith(WORKLOAD)
    }
    assert asked == {
        ("sts:GetCallerIdentity", "*", "allowed"),
        ("iam:GetRole", f"arn:aws:iam::{MAIN}:role/app", "allowed"),
        ("iam:GetRole", f"arn:aws:iam::{MAIN}:role/team/fleeting", "allowed"),
        ("iam:GetUser", f"arn:aws:iam::{MAIN}:user/people/alice", "allowed"),
        ("sts:AssumeRole", LOOK_UP, "allowed"),
        # Federation: the refusal says as whom Vault asked.
        ("iam:GetRole", f"arn:aws:iam::{MAIN}:role/vault-federation-check", "refused"),
    }
    assert stack.laboratory.vault().list("auth/aws/roles")["data"]["keys"] == ["app", "others"]


def test_a_principal_that_is_not_declared_cannot_even_be_looked_up(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    values = {"auth_type": "iam", "bound_iam_principal_arn": f"arn:aws:iam::{MAIN}:role/team/mate"}
    with pytest.raises(hvac.exceptions.InvalidRequest, match="not authorized to perform: iam:Get"):
        vault.write_data("auth/aws/role/undeclared", data=values)
    assert vault.read("auth/aws/role/undeclared") is None


def test_no_aws_key_is_stored(stack: Stack) -> None:
    held = stack.laboratory.vault().read("auth/aws/config/client")["data"]
    assert held["access_key"] == ""
    assert "secret_key" not in held
    assert held["identity_token_audience"] == "vault-aws-auth"
    assert held["role_arn"] == f"arn:aws:iam::{MAIN}:role/vault-auth-dev-root-aws"
    assert held["iam_server_id_header_value"] == "vault.lab.test"
    assert (held["sts_endpoint"], held["sts_region"]) == (
        "https://sts.us-east-1.amazonaws.com",
        "us-east-1",
    )
    keys = [account["access_key_id"].encode() for account in stack.laboratory.accounts()]
    files = [path for path in stack.laboratory.home.vault.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(key in content for key in keys), path
        assert not re.search(rb"A[KS]IA[A-Z0-9]{16}", content), path


def test_another_mount_cannot_take_the_role(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    held = vault.read("auth/aws/config/client")["data"]
    vault.sys.enable_auth_method("aws", path="intruder")
    try:
        same = {key: held[key] for key in ("identity_token_audience", "role_arn")}
        vault.write_data("auth/intruder/config/client", data=same)
        values = {"auth_type": "iam", "bound_iam_principal_arn": f"arn:aws:iam::{MAIN}:role/app"}
        with pytest.raises(hvac.exceptions.InvalidRequest, match="unable to resolve ARN"):
            vault.write_data("auth/intruder/role/app", data=values)
    finally:
        vault.sys.disable_auth_method("intruder")
    refusal = [
        decision
        for decision in stack.laboratory.decisions()
        if decision["action"] == "sts:AssumeRoleWithWebIdentity"
        and decision["outcome"] == "refused"
    ][-1]
    assert ":sub" in refusal["rule"]


def test_a_second_update_changes_nothing(stack: Stack) -> None:
    stack.up("--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_the_outputs_are_those_the_readme_lists(stack: Stack) -> None:
    listed = {field.name for field in fields(SECTIONS["auth_methods"])}
    assert set(stack.outputs()["auth_methods"]["aws"]) == listed


def test_a_configuration_dropped_on_the_server_shows_as_a_diff_and_is_mended(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    held = vault.read("auth/aws/config/client")["data"]
    vault.delete("auth/aws/config/client")
    assert stack.changes() == {"auth/aws-client": "create", "auth/aws-federation": "update"}
    less = {"identity_token_audience": "", "role_arn": "", "max_retries": -1}
    vault.write_data("auth/aws/config/client", data={**held, **less})
    assert stack.changes() == {"auth/aws-client": "update", "auth/aws-federation": "update"}
    stack.up()
    assert vault.read("auth/aws/config/client")["data"] == held
    log_in(stack.laboratory, "app", signed(session(stack.laboratory, "app")))


def test_a_principal_made_anew_under_its_name_is_refused_until_somebody_decides(
    stack: Stack, ids: dict[str, str]
) -> None:
    laboratory = stack.laboratory
    log_in(laboratory, "others", signed(session(laboratory, "team/fleeting")))
    administrator(laboratory).delete_role(RoleName="fleeting")
    assert make_role(laboratory, "fleeting", path="/team/") != ids["fleeting"]
    again = signed(session(laboratory, "team/fleeting"))
    assert "does not belong to the role" in refused(stack, "others", again)
    # An update does not take it for the old one either.
    stack.up("--expect-no-changes")
    assert "does not belong to the role" in refused(stack, "others", again)
    urn = next(
        resource["urn"]
        for resource in json.loads(stack.pulumi("stack", "export").stdout)["deployment"][
            "resources"
        ]
        if resource["urn"].endswith("::auth/aws-role/others")
    )
    stack.up("--replace", urn)
    log_in(laboratory, "others", signed(session(laboratory, "team/fleeting")))


def test_another_signing_key_set_outside_is_told_with_the_way_back(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    key = vault.read("sys/mounts/auth/aws")["data"]["config"]["identity_token_key"]
    vault.write_data("sys/mounts/auth/aws/tune", data={"identity_token_key": "default"})
    attempt = stack.up(check=False)
    vault.write_data("sys/mounts/auth/aws/tune", data={"identity_token_key": key})
    assert attempt.returncode != 0
    remedy = f"type `vault auth tune -identity-token-key={key} aws/`, then run `pulumi up` again"
    assert remedy in attempt.stdout


def test_another_audience_is_used_at_once_and_when_sessions_are_renewed(
    stack: Stack, ids: dict[str, str]
) -> None:
    laboratory = stack.laboratory
    values = declared()
    values["authMethods"]["aws"]["audience"] = "vault-aws-logins"
    stack.configure(values)
    stack.up()
    home = laboratory.home
    switches.store(home, switches.Switches(clock_offset_seconds=3_601))
    try:
        for role in ("app", "others"):  # looks every principal up once more
            held = laboratory.vault().read(f"auth/aws/role/{role}")["data"]
            same = {"bound_iam_principal_arn": held["bound_iam_principal_arn"]}
            laboratory.vault().write_data(f"auth/aws/role/{role}", data=same)
    finally:
        switches.store(home, switches.Switches())
    stack.expect_no_changes()


def test_a_server_that_confuses_accounts_gets_no_wildcard(stack: Stack) -> None:
    laboratory = stack.laboratory
    _become(laboratory, "1.20.4")
    stack.up("--expect-no-changes")  # exact principals are safe there
    stack.configure(with_wildcard())
    attempt = stack.up(check=False)
    bound = laboratory.vault().read("auth/aws/role/app")["data"]["bound_iam_principal_arn"]
    _become(laboratory, "1.20.5")
    assert attempt.returncode != 0
    assert "Vault is 1.20.4+ent, open to CVE-2025-11621" in attempt.stdout
    assert f"with the wildcard arn:aws:iam::{MAIN}:role/team/*" in attempt.stdout
    assert bound == [f"arn:aws:iam::{MAIN}:role/app"]


def test_a_wildcard_lets_in_whom_it_names_where_the_stack_says_so(
    stack: Stack, ids: dict[str, str]
) -> None:
    laboratory = stack.laboratory
    stack.configure(with_wildcard())
    stack.up()
    log_in(laboratory, "app", signed(session(laboratory, "team/mate")))
    refused(stack, "app", signed(session(laboratory, "app")))
    refused(stack, "app", signed(session(laboratory, "stranger", account="data")))
    _become(laboratory, "1.19.10")
    assert stack.changes() == {"auth/aws-federation": "update"}
    _become(laboratory, "1.21.0")
    assert stack.changes() == {}


def test_a_wildcard_is_refused_where_the_stack_does_not_say_so(stack: Stack) -> None:
    values = with_wildcard()
    del values["authMethods"]["aws"]["wildcardPrincipals"]
    stack.configure(values)
    attempt = stack.pulumi("preview", check=False)
    stack.configure(declared())
    assert attempt.returncode != 0
    assert "has a wildcard; name each principal, or set wildcardPrincipals" in attempt.stdout


def test_a_principal_that_is_not_there_is_named_by_the_preview(stack: Stack) -> None:
    """Vault finds out in an update only, and tries for half a minute before it says so."""
    values = copy.deepcopy(declared())
    role = next(iter(values["authMethods"]["aws"]["roles"]))
    missing = f"arn:aws:iam::{MAIN}:role/nobody"
    values["authMethods"]["aws"]["roles"][role]["boundPrincipals"].append(missing)
    stack.configure(values)
    attempt = stack.pulumi("preview", check=False)
    stack.configure(declared())
    assert attempt.returncode != 0
    told = f"authMethods.aws.roles.{role}.boundPrincipals: there is no {missing}; make it first"
    assert told in " ".join(attempt.stdout.split())


def test_another_path_is_a_clean_replacement(stack: Stack, ids: dict[str, str]) -> None:
    values = copy.deepcopy(declared())
    values["authMethods"]["aws"]["path"] = "cloud/aws"
    stack.configure(values)
    stack.up()
    keys = session(stack.laboratory, "app")
    log_in(stack.laboratory, "app", signed(keys), path="cloud/aws")
    assert set(holdings(stack.laboratory)["auth"]) == {"cloud/aws/"}
    stack.expect_no_changes()


def test_a_destroy_leaves_nothing(stack: Stack, before: dict[str, Any]) -> None:
    stack.destroy()
    assert holdings(stack.laboratory) == before


def test_the_application_of_the_dev_stack_reads_credentials_with_its_login(
    deployed: Laboratory,
) -> None:
    printed = deployed.run(
        *("vaultaws", "login", "--method", "aws", "--stack", "dev", "--print"),
        env={"AWS_PROFILE": "main-app"},
    )
    vault = deployed.vault()
    administrators, vault.token = vault.token, printed.stdout.strip()
    lease = vault.read("aws/creds/my-role")
    assert lease["data"]["access_key"]
    with pytest.raises(hvac.exceptions.Forbidden):
        vault.read("aws/config/root")
    vault.token = administrators
    vault.sys.revoke_lease(lease["lease_id"])


def _become(laboratory: Laboratory, version: str) -> None:
    lab_command("up", laboratory.home.root, "--vault-version", version)
