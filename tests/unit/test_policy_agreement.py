"""Settings and laboratory take the same policies, so that none is refused only when it is used."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from federation import documents
from lab.aws.front.wire import ApiError
from lab.aws.judgement.conditions import OPERATORS
from lab.aws.judgement.documents import check_identity_policy
from settings import service_reference

Statement = dict[str, Any]

ARN = "arn:aws:iam::123456789012:role/app"
VALUES: dict[str, list[Any]] = {
    "String": ["a*", 10, 1.5, True, "${aws:PrincipalTag/team, 'none'}-${*}", "${saml:sub}"],
    "Arn": [ARN, "arn:aws:iam::*:role/${aws:username}"],
    "Numeric": [10, 1.5, "10", "-1.5"],
    "Date": [
        *("2030-01-31T12:00:00Z", "2030-01-31T12:00:00-05:00", "2030-01-31T12:00:00+01:00"),
        *("2030-01-31", "2030-01", "1767225600", 1767225600),
    ],
    "Bool": [True, False, "true", "False"],
    "Null": [True, "false"],
    "Binary": ["QmluYXJ5VmFsdWVJbkJhc2U2NA=="],
    "Ip": ["203.0.113.0/24", "203.0.113.9", "2001:db8::/32"],
}
"""What the operators of a family take, by the beginning of their name or after its ``Not``."""
MODIFIERS = ("{}", "{}IfExists", "ForAllValues:{}", "ForAnyValue:{}IfExists")


def statement(**changes: Any) -> Statement:  # noqa: ANN401 - any JSON
    sound = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::examplebucket"}
    return {key: value for key, value in (sound | changes).items() if value is not None}


def _conditions() -> list[Statement]:
    found: list[Statement] = []
    for operator, modifier in itertools.product(sorted(OPERATORS), MODIFIERS):
        if operator == "Null" and modifier != "{}":
            continue
        family = operator.removeprefix("Not")
        values = next(known for name, known in VALUES.items() if family.startswith(name))
        found += [
            statement(Condition={modifier.format(operator): {"aws:any": value}})
            for value in (*values, values, [])
        ]
    return found


TAKEN = [
    *_conditions(),
    statement(Sid="ListBucket1"),
    statement(Sid=""),
    statement(Effect="Deny"),
    statement(Action=None, NotAction=["iam:*", "organizations:*", "account:*"], Resource="*"),
    statement(Effect="Deny", Resource=None, NotResource=["arn:aws:s3:::a", "arn:aws:s3:::a/*"]),
    statement(Action="*", Resource="*"),
    statement(Action=["s3:Get*", "s3:?istBucket"], Resource=["arn:aws:s3:::a/*", "*"]),
    statement(Action="s3:GetObject", Resource="arn:aws:s3:::a/my folder/*"),
    statement(Action="s3:*", Resource="arn:aws:s3:::home/${aws:username}/*"),
    statement(Action="iam:*", Resource="arn:aws:iam::123456789012:*"),
    statement(Action="iam:*", Resource=["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:*"]),
    statement(Action="sts:AssumeRole", Resource="arn:*:iam::123456789012:role/app"),
    statement(Action="dynamodb:*", Resource="arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/t}"),
    statement(Action="ec2:*", Resource="*", Condition={"StringEquals": {"ec2:Region": "eu-a-1"}}),
    statement(Condition={"Bool": {"aws:ViaAWSService": False, "aws:SecureTransport": "true"}}),
    statement(
        Condition={
            "NumericLessThanEquals": {"s3:max-keys": 10},
            "StringLike": {"s3:prefix": ["", "home/", "home/${aws:Username}/*"]},
        }
    ),
    statement(Condition={}),
]
"""Statements that IAM takes: each element and operator; the examples of its User Guide among it."""
WRONG_VALUES: dict[str, list[Any]] = {
    "NumericEquals": ["ten", "Infinity", True, "${aws:EpochTime}"],
    "DateLessThan": ["tomorrow", "2030-13-01", "9" * 30, True],
    "Bool": ["yes", 1],
    "Null": ["maybe"],
    "BinaryEquals": ["no base64!"],
    "NotIpAddress": ["lab.test", "10.0.0.1/8"],
    "StringLike": ["${aws:nonsense}", "${aws:username"],
    "ArnLike": ["arn:aws:iam::*:role/${}"],
}
REFUSED = [
    statement(Effect="allow"),
    statement(Effect=None),
    statement(Sid="a b"),
    statement(Sid=1),
    statement(Action=None),
    statement(Action=[]),
    statement(Action="ListBucket"),
    statement(Action="s3:List:Bucket"),
    statement(Action=[None]),
    statement(NotAction="s3:*"),
    statement(Resource=None),
    statement(Resource=[]),
    statement(Resource="examplebucket"),
    statement(Resource="arn:aws:s3"),
    statement(Resource="arn:AWS-x1:s3:::a"),
    statement(Resource="arn:${aws:PrincipalTag/p}:s3:::a"),
    statement(Resource="arn:aws:s3:::${aws:PrincipalTag/t"),
    statement(Resource="arn:aws:s3:::${aws:UserNmae}"),
    statement(Resource="arn:aws:s3:::${username}"),
    statement(Action="*", Resource="arn:aws:iam:us-east-1:123456789012:user/a"),
    statement(Action="*", Resource="arn:aws:iam::123456789012:root"),
    statement(Action="*", Resource="arn:aws:s3:us-east-1:123456789012:a"),
    statement(Action=None, NotAction="iam:*", Resource="arn:aws:iam::123456789012:usr/a"),
    statement(Resource=None, NotResource="arn:aws:iam::123456789012:usr/a"),
    statement(Principal="*"),
    statement(NotPrincipal={"AWS": ARN}),
    statement(Condition=[]),
    statement(Condition={"StringEqual": {"aws:any": "x"}}),
    statement(Condition={"NullIfExists": {"aws:any": "true"}}),
    statement(Condition={"ForAllValues:Null": {"aws:any": "true"}}),
    statement(Condition={"StringEquals": "x"}),
    statement(Condition={"StringEquals": {"aws:any": None}}),
    statement(Condition={"StringEquals": {"aws:any": {"x": "y"}}}),
    statement(Condition={"StringEquals": {"aws:any": [["x"]]}}),
    statement(Condition={"NumericEquals": {"aws:any": float("nan")}}),
    *(
        statement(Condition={operator: {"aws:any": value}})
        for operator, values in WRONG_VALUES.items()
        for value in [*values, values]  # each, and all of them as a list
    ),
]
"""Statements that IAM refuses, or that never apply."""
TWICE = {"Statement": [statement(Sid="A"), statement(Sid="A")]}
STRICTER = [
    (
        {"Statement": statement(Condition={"Bool": {}})},
        "statement 1: condition 'Bool' must be an object of keys and values",
    ),
]
"""What only the settings refuse: IAM takes it, and nobody means it."""


def policy(body: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


def _refusal_of_settings(text: str) -> str:
    try:
        document = documents.read(text)
    except ValueError as error:
        return str(error)
    return "; ".join([*documents.problems(document), *service_reference.problems(document)])


def _refusal_of_laboratory(text: str) -> str:
    try:
        check_identity_policy(text)
    except ApiError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("body", TAKEN, ids=str)
def test_what_iam_takes_both_take(body: Statement) -> None:
    text = policy(body)
    assert (_refusal_of_settings(text), _refusal_of_laboratory(text)) == ("", "")


@pytest.mark.parametrize("body", REFUSED, ids=str)
def test_what_is_no_policy_both_refuse(body: Statement) -> None:
    text = policy(body)
    assert _refusal_of_settings(text)
    assert _refusal_of_laboratory(text)


@pytest.mark.parametrize(
    "changes",
    [{"Id": {}}, {"Id": 1}, {"Version": "2008-10-17"}, {"Version": None}, {"Sid": "x"}, TWICE],
)
def test_both_refuse_the_same_around_the_statements(changes: dict[str, Any]) -> None:
    whole = {"Version": "2012-10-17", "Statement": [statement()]} | changes
    text = json.dumps({key: value for key, value in whole.items() if value is not None})
    assert _refusal_of_settings(text)
    assert _refusal_of_laboratory(text)


def test_the_corpus_holds_every_operator_of_the_settings() -> None:
    operators = {
        name.rpartition(":")[2].removesuffix("IfExists")
        for body in TAKEN
        for name in body.get("Condition", {})
    }
    assert operators == {*documents.OPERATORS, "Null"}


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            {"NumericEquals": {"s3:max-keys": "ten"}},
            "condition 'NumericEquals' on 's3:max-keys': \"ten\" must be a number",
        ),
        (
            {"DateLessThan": {"aws:CurrentTime": "tomorrow"}},
            (
                "condition 'DateLessThan' on 'aws:CurrentTime': \"tomorrow\" must be a date such "
                "as 2030-01-31T00:00:00Z, or seconds since 1970"
            ),
        ),
        (
            {"IpAddress": {"aws:SourceIp": "10.0.0.1/8"}},
            (
                "condition 'IpAddress' on 'aws:SourceIp': \"10.0.0.1/8\" must be an IP address or "
                "a network such as 10.0.0.0/8"
            ),
        ),
        (
            {"BoolIfExists": {"aws:ViaAWSService": "no"}},
            "condition 'BoolIfExists' on 'aws:ViaAWSService': \"no\" must be true or false",
        ),
        (
            {"BinaryEquals": {"key": "?"}},
            "condition 'BinaryEquals' on 'key': \"?\" must be text in base64",
        ),
        (
            {"StringLike": {"s3:prefix": "${aws:UserNmae}"}},
            (
                "condition 'StringLike' on 's3:prefix': \"${aws:UserNmae}\" has the policy "
                "variable ${aws:UserNmae}, which AWS does not know; did you mean aws:Username?"
            ),
        ),
        (
            {"StringLike": {"s3:prefix": "${name}"}},
            (
                "condition 'StringLike' on 's3:prefix': \"${name}\" has the policy variable "
                "${name}, which must be ${key}, ${key, 'default'}, ${*}, ${?} or ${$}"
            ),
        ),
        (
            {"StringLike": {"s3:prefix": "${aws:username"}},
            (
                "condition 'StringLike' on 's3:prefix': \"${aws:username\" has a policy variable "
                "without a closing brace"
            ),
        ),
    ],
)
def test_a_value_that_its_operator_cannot_read_is_named(
    condition: dict[str, Any], told: str
) -> None:
    assert _refusal_of_settings(policy(statement(Condition=condition))) == f"statement 1: {told}"


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (
            "arn:AWS:s3:::a",
            (
                "must be in a partition of AWS: aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, "
                "aws-iso-e, aws-iso-f, aws-us-gov"
            ),
        ),
        (
            "arn:aws:s3:${aws:PrincipalTag/t}::a",
            "may have a variable after the fifth colon only, for IAM reads none before",
        ),
    ],
)
def test_a_resource_that_iam_refuses_is_named(resource: str, told: str) -> None:
    text = policy(statement(Action="*", Resource=resource))
    assert _refusal_of_settings(text) == f'statement 1: Resource "{resource}" {told}'
    assert _refusal_of_laboratory(text)


@pytest.mark.parametrize(("document", "told"), STRICTER)
def test_some_things_only_the_settings_refuse(document: dict[str, Any], told: str) -> None:
    text = json.dumps({"Version": "2012-10-17"} | document)
    assert _refusal_of_settings(text) == told
    assert _refusal_of_laboratory(text) == ""
