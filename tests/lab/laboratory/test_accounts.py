"""The accounts of a laboratory as clients know them: by profile, and by the deploy role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lab.accounts import EXTERNAL_ID, plan
from lab.home import Home, read_json, write_json
from tests.lab.conftest import lab_command, start
from tests.lab.laboratory.aws_front import allow, document
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

MAIN, DATA, GOV, CHINA = (plan(name) for name in ("main", "data", "gov", "china"))


@pytest.mark.parametrize(
    ("profile", "arn"),
    [
        ("main", f"arn:aws:iam::{MAIN.id}:user/bootstrap-administrator"),
        ("data", f"arn:aws:iam::{DATA.id}:user/bootstrap-administrator"),
        ("gov", f"arn:aws-us-gov:iam::{GOV.id}:user/bootstrap-administrator"),
        ("china", f"arn:aws-cn:iam::{CHINA.id}:user/bootstrap-administrator"),
        ("data-deploy", f"arn:aws:sts::{DATA.id}:assumed-role/deploy/AKIA"),
    ],
)
def test_each_profile_is_somebody_in_its_own_account(
    laboratory: Laboratory, profile: str, arn: str, tmp_path: Path
) -> None:
    asked = laboratory.run(
        *("aws", "sts", "get-caller-identity", "--output", "json"),
        env={"AWS_PROFILE": profile, "AWS_REGION": "", "HOME": str(tmp_path)},
    )
    identity = json.loads(asked.stdout)
    assert identity["Arn"].startswith(arn)
    assert identity["Account"] == arn.split(":")[4]


def test_accounts_keep_users_of_one_name_apart(laboratory: Laboratory) -> None:
    main, data = administrator(laboratory), administrator(laboratory, "data")
    ours = main.create_user(UserName="twin", Path="/vault/ours/")["User"]
    theirs = data.create_user(UserName="twin")["User"]
    try:
        assert ours["Arn"] == f"arn:aws:iam::{MAIN.id}:user/vault/ours/twin"
        assert theirs["Arn"] == f"arn:aws:iam::{DATA.id}:user/twin"
        assert main.get_user(UserName="twin")["User"]["UserId"] == ours["UserId"]
        data.delete_user(UserName="twin")
        assert main.get_user(UserName="twin")["User"]["UserId"] == ours["UserId"]
    finally:
        main.delete_user(UserName="twin")


@pytest.fixture
def somebody(laboratory: Laboratory) -> Iterator[dict[str, str]]:
    """A user of the main account that may assume any role, as far as its own account goes."""
    iam = administrator(laboratory)
    iam.create_user(UserName="somebody")
    iam.put_user_policy(
        UserName="somebody", PolicyName="assume", PolicyDocument=document(allow("sts:AssumeRole"))
    )
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    yield {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    iam.delete_access_key(UserName="somebody", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="somebody", PolicyName="assume")
    iam.delete_user(UserName="somebody")


def sts(laboratory: Laboratory, key: dict[str, str]) -> Any:  # noqa: ANN401 - boto3 makes clients as it goes
    return laboratory.aws("sts", key["id"], key["secret"])


def key_of(laboratory: Laboratory, account: str) -> dict[str, str]:
    owner = laboratory.account(account)
    return {"id": owner["access_key_id"], "secret": owner["secret_access_key"]}


def refusal(laboratory: Laboratory, key: dict[str, str], **request: str) -> str:
    """Return the rule by which the call was refused, from the decision log."""
    asked = {"RoleArn": DATA.deploy_role_arn, "RoleSessionName": "visitor", **request}
    with pytest.raises(ClientError) as caught:
        sts(laboratory, key).assume_role(**asked)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    decision = laboratory.decisions()[-1]
    assert (decision["action"], decision["outcome"]) == ("sts:AssumeRole", "refused")
    return str(decision["rule"])


def test_the_deploy_role_opens_to_its_administrator_with_the_external_id_alone(
    laboratory: Laboratory, somebody: dict[str, str]
) -> None:
    main = key_of(laboratory, "main")
    given = sts(laboratory, main).assume_role(
        RoleArn=DATA.deploy_role_arn, RoleSessionName="visitor", ExternalId=EXTERNAL_ID
    )
    assert given["AssumedRoleUser"]["Arn"] == (
        f"arn:aws:sts::{DATA.id}:assumed-role/deploy/visitor"
    )
    assert "the trust policy" in refusal(laboratory, main)
    assert "the trust policy" in refusal(laboratory, main, ExternalId="guessed")
    trusted = "the trust policy does not allow sts:AssumeRole to "
    for key in (somebody, key_of(laboratory, "data")):
        assert trusted in refusal(laboratory, key, ExternalId=EXTERNAL_ID)


def test_a_role_of_another_account_also_needs_the_callers_own_policy(
    laboratory: Laboratory, somebody: dict[str, str]
) -> None:
    """Unlike within one account, being named by the trust is not enough ("Cross-account policy
    evaluation logic", IAM User Guide)."""
    data = administrator(laboratory, "data")
    principal = {"AWS": f"arn:aws:iam::{MAIN.id}:user/somebody"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    data.create_role(RoleName="open", AssumeRolePolicyDocument=document(trust))
    arn = f"arn:aws:iam::{DATA.id}:role/open"
    try:
        assumed = sts(laboratory, somebody).assume_role(RoleArn=arn, RoleSessionName="visitor")
        assert assumed["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{DATA.id}:")
        administrator(laboratory).delete_user_policy(UserName="somebody", PolicyName="assume")
        rule = refusal(laboratory, somebody, RoleArn=arn)
        assert rule == "no identity-based policy allows sts:AssumeRole"
    finally:
        data.delete_role(RoleName="open")
        administrator(laboratory).put_user_policy(
            UserName="somebody", PolicyName="assume", PolicyDocument=document(allow("*"))
        )


def test_nothing_of_one_partition_exists_in_another(laboratory: Laboratory) -> None:
    gov, main = administrator(laboratory, "gov"), key_of(laboratory, "main")
    named = [f"arn:aws:iam::{MAIN.id}:root", f"arn:aws-us-gov:iam::{MAIN.id}:root", MAIN.id]
    for principal in named:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
        with pytest.raises(ClientError, match="Invalid principal in policy"):
            gov.create_role(RoleName="never", AssumeRolePolicyDocument=document(trust))
    anybody = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    gov.create_role(RoleName="anybody", AssumeRolePolicyDocument=document(anybody))
    try:
        arn = f"arn:aws-us-gov:iam::{GOV.id}:role/anybody"
        assert refusal(laboratory, main, RoleArn=arn) == f"role {arn} does not exist in aws"
    finally:
        gov.delete_role(RoleName="anybody")
    with pytest.raises(ClientError, match="security token included in the request is invalid"):
        laboratory.aws(
            "sts", main["id"], main["secret"], region="us-gov-west-1"
        ).get_caller_identity()


def test_a_laboratory_with_one_account_gets_the_others_and_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    try:
        laboratory = start(tmp_path)
        administrator(laboratory).create_user(UserName="lasting")
        entries = read_json(home.accounts)
        write_json(home.accounts, entries[:1])  # as it was when laboratories had one account
        said = lab_command("up", tmp_path)
        assert "aws: stops, because it is to serve data, gov, china too" in said
        upgraded = read_json(home.accounts)
        assert upgraded[0] == entries[0]
        assert [entry["name"] for entry in upgraded] == ["main", "data", "gov", "china"]
        assert administrator(laboratory).get_user(UserName="lasting")
        asked = laboratory.run("aws", "sts", "get-caller-identity", env={"AWS_PROFILE": "data"})
        assert json.loads(asked.stdout)["Account"] == DATA.id
        assert "starts as process" not in lab_command("up", tmp_path)
    finally:
        lab_command("down", tmp_path)
