"""The promise, seen from outside: clients nobody here wrote, and what AWS says it decided."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hvac.exceptions import InvalidRequest

from components.summary import SECTIONS
from lab import switches
from lab.switches import Switches
from tests.lab.stacks import holdings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

_CREDENTIALS = "aws/creds/my-role"
_ROLE = "vault-secret-dev-root-aws"


@pytest.fixture(scope="module")
def credentials(deployed: Laboratory) -> Iterator[dict[str, str]]:
    answer = deployed.vault().read(_CREDENTIALS)
    try:
        yield answer["data"]
    finally:
        deployed.vault().sys.revoke_lease(answer["lease_id"])


def _as_user(credentials: dict[str, str]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
    }


def _iam(laboratory: Laboratory, credentials: dict[str, str]) -> Any:  # noqa: ANN401 - boto3 client
    return laboratory.aws("iam", credentials["access_key"], credentials["secret_key"])


def test_curl_reads_credentials_with_nothing_but_the_exports(deployed: Laboratory) -> None:
    # The header comes from standard input, because arguments are visible to everyone.
    answer = deployed.run(
        *("curl", "--silent", "--show-error", "--fail", "--header", "@-"),
        f"{deployed.environment['VAULT_ADDR']}/v1/{_CREDENTIALS}",
        stdin=f"X-Vault-Token: {deployed.environment['VAULT_TOKEN']}\n",
    )
    lease = json.loads(answer.stdout)
    assert set(lease["data"]) >= {"access_key", "secret_key"}
    assert lease["lease_id"].startswith(f"{_CREDENTIALS}/")
    deployed.vault().sys.revoke_lease(lease["lease_id"])


def test_boto3_is_the_user_vault_made(deployed: Laboratory, credentials: dict[str, str]) -> None:
    user = _iam(deployed, credentials).get_user()["User"]
    assert user["Path"] == "/vault/dev-root-aws/"
    assert re.fullmatch(r"vault-[^-]+.*-my-role-.*", user["UserName"])


def test_the_aws_cli_is_the_user_vault_made(
    deployed: Laboratory, credentials: dict[str, str]
) -> None:
    answer = deployed.run("aws", "iam", "get-user", env=_as_user(credentials))
    user = json.loads(answer.stdout)["User"]
    assert ":user/vault/dev-root-aws/vault-" in user["Arn"]


def test_the_user_may_do_nothing_else(deployed: Laboratory, credentials: dict[str, str]) -> None:
    answer = deployed.run("aws", "iam", "list-users", env=_as_user(credentials), check=False)
    assert answer.returncode != 0
    assert "AccessDenied" in answer.stderr
    assert "iam:ListUsers" in answer.stderr
    with pytest.raises(ClientError, match="AccessDenied"):
        _iam(deployed, credentials).get_user(UserName="bootstrap-administrator")


def test_where_an_organisation_demands_tags_no_user_is_made(deployed: Laboratory) -> None:
    demanded = {"Null": {"aws:RequestTag/Team": "true"}}
    statement = {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Condition": demanded}]}
    before = holdings(deployed)
    switches.store(deployed.home, replace(Switches(), service_control_policy=policy))
    try:
        with pytest.raises(
            InvalidRequest, match=r"iam:CreateUser .* explicit deny in a service control policy"
        ):
            deployed.vault().read(_CREDENTIALS)
    finally:
        switches.store(deployed.home, Switches())
    assert holdings(deployed) == before


def test_a_revoked_lease_leaves_no_user(deployed: Laboratory) -> None:
    answer = deployed.vault().read(_CREDENTIALS)
    iam = _iam(deployed, answer["data"])
    name = iam.get_user()["User"]["UserName"]
    deployed.vault().sys.revoke_lease(answer["lease_id"])
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        iam.get_user()
    listed = deployed.run("aws", "iam", "list-users", "--query", "Users[].UserName")
    assert name not in json.loads(listed.stdout)


def test_a_user_is_created_by_a_session_of_the_federated_role(deployed: Laboratory) -> None:
    before = len(deployed.decisions())
    lease = deployed.vault().read(_CREDENTIALS)["lease_id"]
    created = [
        decision
        for decision in deployed.decisions()[before:]
        if decision["action"] == "iam:CreateUser"
    ]
    deployed.vault().sys.revoke_lease(lease)
    assert [decision["outcome"] for decision in created] == ["allowed"]
    session = re.compile(rf"arn:aws:sts::123456789012:assumed-role/{_ROLE}/vault-aws-secrets-\d+")
    assert session.fullmatch(created[0]["principal"])


def test_another_mount_cannot_take_the_role(deployed: Laboratory) -> None:
    vault, before = deployed.vault(), len(deployed.decisions())
    vault.sys.enable_secrets_engine("aws", path="intruder")
    try:
        held = vault.read("aws/config/root")["data"]
        same = {key: held[key] for key in ("identity_token_audience", "role_arn", "region")}
        vault.write_data("intruder/config/root", data=same)
        role = {
            "credential_type": "iam_user",
            "policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        }
        vault.write_data("intruder/roles/any", data=role)
        # Vault does not pass on why; the decision log does.
        with pytest.raises(InvalidRequest, match="NoCredentialProviders"):
            vault.read("intruder/creds/any")
    finally:
        vault.sys.disable_secrets_engine("intruder")
    refused = [
        decision
        for decision in deployed.decisions()[before:]
        if decision["action"] == "sts:AssumeRoleWithWebIdentity"
    ]
    assert {decision["outcome"] for decision in refused} == {"refused"}
    assert refused[-1]["error"] == "AccessDenied"
    assert ":sub" in refused[-1]["rule"]


@pytest.mark.parametrize(
    ("role", "user_path"),
    [("outside", "/elsewhere/"), ("outside", "/vault/dev-root-other/"), ("undeclared", None)],
)
def test_the_engine_creates_no_user_outside_its_path_and_roles(
    role: str, user_path: str | None, deployed: Laboratory
) -> None:
    vault = deployed.vault()
    values = {
        "credential_type": "iam_user",
        "policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    }
    vault.write_data(
        f"aws/roles/{role}", data={**values, "user_path": user_path or "/vault/dev-root-aws/"}
    )
    try:
        with pytest.raises(InvalidRequest, match="not authorized to perform: iam:CreateUser"):
            vault.read(f"aws/creds/{role}")
    finally:
        vault.delete(f"aws/roles/{role}")


def test_vault_holds_no_aws_key(deployed: Laboratory, credentials: dict[str, str]) -> None:
    process = json.loads((deployed.home.processes / "vault.json").read_text("utf-8"))
    environment = Path(f"/proc/{process['pid']}/environ").read_bytes().decode()
    given = {entry.partition("=")[0] for entry in environment.split("\0")}
    assert not {name for name in given if name.startswith("AWS_ACCESS_KEY")}
    assert not {"AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"} & given

    root = deployed.vault().read("aws/config/root")["data"]
    assert root["access_key"] == ""
    assert root["identity_token_audience"] == "vault-aws-secrets"
    assert root["role_arn"] == f"arn:aws:iam::123456789012:role/{_ROLE}"

    keys = [account["access_key_id"].encode() for account in deployed.accounts()]
    files = [path for path in deployed.home.vault.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(key in content for key in keys), path
        assert not re.search(rb"A[KS]IA[A-Z0-9]{16}", content), path


def test_the_outputs_have_the_shape_that_other_stacks_rely_on(deployed: Laboratory) -> None:
    outputs = json.loads(deployed.pulumi("stack", "output", "--json").stdout)
    assert set(outputs) == set(SECTIONS)
    for section, summary in SECTIONS.items():
        assert outputs[section], section
        for said in outputs[section].values():
            assert set(said) == {field.name for field in fields(summary)}


def test_no_request_was_ever_repeated(deployed: Laboratory, credentials: dict[str, str]) -> None:
    iam = _iam(deployed, credentials)
    answers = [iam.get_user() for _ in range(60)]
    assert all(answer["ResponseMetadata"]["RetryAttempts"] == 0 for answer in answers)
    invocations = Counter(
        decision["invocation_id"]
        for decision in deployed.decisions()
        if decision.get("invocation_id")
    )
    assert invocations
    assert invocations.most_common(1)[0][1] == 1


def test_no_secret_stands_in_state_logs_or_outputs(
    deployed: Laboratory, credentials: dict[str, str]
) -> None:
    init = json.loads(deployed.home.vault_init.read_text("utf-8"))
    secrets = {
        "root token": init["root_token"],
        "unseal key": init["unseal_key"],
        "issued secret key": credentials["secret_key"],
        "administrator's secret key": deployed.accounts()[0]["secret_access_key"],
    }
    outputs = deployed.pulumi("stack", "output", "--json").stdout
    shown = deployed.pulumi("preview", "--diff").stdout
    places = {"stack outputs": outputs, "preview": shown}
    searched = (deployed.home.pulumi_state, deployed.home.logs, deployed.home.aws)
    for folder in searched:
        for path in folder.rglob("*"):
            # The front keeps the users' secret keys, as AWS does: that is its own state.
            if path.is_file() and not path.name.endswith(".pickle"):
                places[str(path)] = path.read_text("utf-8", errors="replace")
    assert any("state" in place for place in places)
    found = [
        f"{what} in {place}"
        for what, secret in secrets.items()
        for place, text in places.items()
        if secret in text
    ]
    assert found == []


def test_the_engine_keeps_no_log_of_its_traffic(deployed: Laboratory) -> None:
    assert deployed.home.pulumi_home.is_dir()
    assert (deployed.home.pulumi_home / "logs").read_bytes() == b""
