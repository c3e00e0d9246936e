"""What a policy names must be there: IAM itself would take a policy that grants nothing."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.service_reference import _patterns_meet, problems, warnings

ROOT = Path(__file__).parents[2]
USERS = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
OBJECTS = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
POINTS = (
    "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}"
)


def told(**statement: Any) -> list[str]:  # noqa: ANN401 - a policy is whatever JSON can hold
    return list(problems({"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ({"Action": "imm:GetUser"}, "AWS has no service 'imm'; did you mean iam?"),
        (
            {"Action": ["iam:GetUsr", "iam:ListUsers"]},
            "iam has no action 'GetUsr'; did you mean GetUser or GetUserPolicy or DeleteUser?",
        ),
        ({"NotAction": "iam:xyz"}, "iam has no action 'xyz'"),
        (
            {"Action": "iam:Gte*"},
            "iam has no action that matches 'Gte*'; did you mean Get* or Generate*?",
        ),
        (
            {"Action": "iam:GetUser", "Resource": "arn:aws:iam::*:users/vault/*"},
            f"iam:GetUser acts on none of the resources here; it must be of the form {USERS}",
        ),
        (
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"},
            (
                "s3:GetObject acts on none of the resources here; it must be of the form "
                f"{OBJECTS} or {POINTS}"
            ),
        ),
        (
            {
                "Action": ["iam:GetUser", "sts:GetCallerIdentity"],
                "Resource": "arn:aws:iam::*:user/x",
            },
            'sts:GetCallerIdentity acts on no resource of its own; it needs the Resource "*"',
        ),
        (
            {
                "Action": "iam:GetUser",
                "Resource": ["arn:aws:iam::*:user/x", "arn:aws:iam::*:role/x"],
            },
            f"no action here acts on 'arn:aws:iam::*:role/x'; it must be of the form {USERS}",
        ),
        (
            {"Action": "s3:ListBucket", "Condition": {"StringLike": {"s3:prefx": "a"}}},
            "s3 has no condition key 's3:prefx'; did you mean s3:prefix?",
        ),
    ],
)
def test_what_aws_does_not_know_is_told_with_what_it_knows(
    statement: dict[str, Any], problem: str
) -> None:
    assert told(**statement) == [f"statement 1: {problem}"]


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "*", "Resource": "arn:aws:iam::*:user/x"},
        {"Action": "IAM:getuser", "Resource": "arn:aws:iam::*:user/vault/*/${aws:username}"},
        {"Action": "iam:?et*", "Resource": "arn:*:iam::*:*"},
        {"Action": "iam:Get*", "Resource": ["arn:aws:iam::*:user/x", "arn:aws:iam::*:role/x"]},
        {
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
        },
        {"Action": "sts:GetCallerIdentity"},
        {"Action": "iam:ListUsers", "NotResource": "arn:aws:s3:::bucket"},
        {"NotAction": "iam:*", "Resource": "arn:aws:s3:::bucket"},
        {
            "Action": "iam:*",
            "Condition": {
                "StringEquals": {
                    "iam:ResourceTag/team": "a",
                    "aws:PrincipalTag/team": "a",
                    "idp.example.com:sub": "a",
                }
            },
        },
    ],
)
def test_what_aws_knows_is_taken(statement: dict[str, Any]) -> None:
    assert told(**statement) == []


@pytest.mark.parametrize(
    ("statement", "warning"),
    [
        (
            {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket/*"},
            (
                "(Allow s3:ListBucket): s3:ListBucket acts on none of the resources here; it must "
                "be of the form arn:${Partition}:s3:::${BucketName} or "
                "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}"
            ),
        ),
        (
            {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::bucket/*"},
            (
                "(Allow s3:GetObject, s3:ListBucket): s3:ListBucket acts on none of the resources "
                "here; it must be of the form arn:${Partition}:s3:::${BucketName} or "
                "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}"
            ),
        ),
        (
            {
                "Effect": "Deny",
                "Action": "s3:ListBucket",
                "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
            },
            (
                "(Deny s3:ListBucket): no action here acts on 'arn:aws:s3:::bucket/*'; it must be "
                "of the form arn:${Partition}:s3:::${BucketName} or "
                "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}"
            ),
        ),
        (
            {"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*:*:table/t/index/*"},
            (
                "(Allow dynamodb:GetItem): dynamodb:GetItem acts on none of the resources here; "
                "it must be of the form arn:${Partition}:dynamodb:${Region}:${Account}:table/"
                "${TableName}"
            ),
        ),
        (
            {"Action": ["s3:*", "iam:GetUser"], "Resource": "*", "NotAction": []}
            | {"Condition": {"ArnLike": {"aws:PrincipalArn": ["arn:aws-cn:iam::*:role/a"]}}},
            (
                "(Allow s3:*, iam:GetUser): 'arn:aws-cn:iam::*:role/a' is in the partition "
                "aws-cn, the account in aws"
            ),
        ),
        (
            {"Action": [f"s3:{name}" for name in ("GetObject", "PutObject", "DeleteObject")]}
            | {"Resource": "arn:aws-us-gov:s3:::bucket/*"},
            (
                "(Allow s3:GetObject, s3:PutObject, s3:DeleteObject): "
                "'arn:aws-us-gov:s3:::bucket/*' is in the partition aws-us-gov, the account in aws"
            ),
        ),
        (
            {"NotAction": "iam:*", "NotResource": "arn:aws-cn:s3:::bucket/*"},
            (
                "(Allow all but iam:*): 'arn:aws-cn:s3:::bucket/*' is in the partition aws-cn, "
                "the account in aws"
            ),
        ),
    ],
)
def test_what_has_no_effect_is_warned_of_by_statement_and_action(
    statement: dict[str, Any], warning: str
) -> None:
    whole = {"Effect": "Allow", **statement}
    assert list(problems({"Statement": whole})) == []
    assert list(warnings({"Statement": [whole]}, "aws")) == [f"statement 1 {warning}"]


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"},
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::buck*"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/a/b/*"},
        {"Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]},
        {"Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/vault/*/${aws:username}"},
        {"Action": "iam:PassRole", "Resource": "arn:*:iam::*:role/a/b"},
        {"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:log-group:/aws/x:*"},
        {"Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/a/b/c"},
        {"Action": "secretsmanager:GetSecretValue"}
        | {"Resource": "arn:aws:secretsmanager:*:*:secret:team/app-??????"},
        {"Action": "ecr:BatchGetImage", "Resource": "arn:aws:ecr:*:*:repository/team/app"},
        {"Action": "dynamodb:Query", "Resource": "arn:aws:dynamodb:*:*:table/t/index/*"},
        {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:*:key/*"},
        {"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:queue"},
        {"Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:*:*:function:f:*"},
    ],
)
def test_what_has_an_effect_is_not_warned_of(statement: dict[str, Any]) -> None:
    whole = {"Effect": "Allow", **statement}
    assert [*problems({"Statement": whole}), *warnings({"Statement": whole}, "aws")] == []
    assert list(warnings({"Statement": whole}, None)) == []


@pytest.mark.parametrize("broken", [{}, {"Statement": 1}, {"Statement": [None, {"Action": [1]}]}])
def test_what_is_no_policy_is_told_of_elsewhere(broken: dict[str, Any]) -> None:
    assert list(problems(broken)) == []


def test_every_policy_that_is_shipped_names_only_what_is_there() -> None:
    files = sorted((ROOT / "policies" / "aws").glob("*.json"))
    assert files
    for file in files:
        document = json.loads(file.read_text("utf-8"))
        assert [*problems(document), *warnings(document, "aws")] == [], file


short = st.text("ab*?", max_size=4)


@given(one=short, other=short)
def test_patterns_meet_if_some_text_matches_both(one: str, other: str) -> None:
    def matches(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(matches(pattern[1:], text[start:]) for start in range(len(text) + 1))
        return bool(text) and pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])

    texts = ("".join(letters) for size in range(9) for letters in product("ab", repeat=size))
    assert _patterns_meet(one, other) == any(matches(one, t) and matches(other, t) for t in texts)
