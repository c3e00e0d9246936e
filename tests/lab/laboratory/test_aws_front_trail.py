"""CloudTrail's event history: who called IAM and STS, told to whom it is granted alone."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lab import switches
from lab.switches import Switches
from tests.lab.laboratory.aws_front import (
    MAIN,
    PROVIDER,
    SUBJECT,
    allow,
    document,
    refused,
    web_trust,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        yield built


def _events(aws: World, name: str, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3's
    """Ask as often as it takes: CloudTrail answers two questions a second."""
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    while True:
        try:
            answer = aws.client("cloudtrail").lookup_events(LookupAttributes=wanted, **asked)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            time.sleep(0.1)
        else:
            return [json.loads(event["CloudTrailEvent"]) for event in answer["Events"]]


def test_a_session_is_told_with_its_role_and_the_provider_it_came_by(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName="engine", AssumeRolePolicyDocument=document(web_trust()))
    grant = document(allow(["iam:CreateUser", "iam:CreateAccessKey"]))
    iam.put_role_policy(RoleName="engine", PolicyName="p", PolicyDocument=grant)
    sts = aws.client("sts")
    given = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{MAIN}:role/engine",
        RoleSessionName="vault",
        WebIdentityToken=aws.issuer.token(),
    )["Credentials"]
    (exchange,) = _events(aws, "AssumeRoleWithWebIdentity")
    assert exchange["userIdentity"]["userName"] == SUBJECT
    assert exchange["userIdentity"]["identityProvider"] == PROVIDER
    assert exchange["requestParameters"]["roleArn"] == f"arn:aws:iam::{MAIN}:role/engine"
    assert exchange["responseElements"]["credentials"] == {"accessKeyId": given["AccessKeyId"]}
    as_engine = aws.client("iam", credentials=given)
    as_engine.create_user(UserName="made")
    made = as_engine.create_access_key(UserName="made")["AccessKey"]["AccessKeyId"]
    event = next(
        each
        for each in _events(aws, "CreateAccessKey")
        if each["requestParameters"]["userName"] == "made"
    )
    context = event["userIdentity"]["sessionContext"]
    assert context["sessionIssuer"]["arn"] == f"arn:aws:iam::{MAIN}:role/engine"
    assert context["webIdFederationData"] == {"federatedProvider": PROVIDER}
    assert event["responseElements"]["accessKey"] == {"accessKeyId": made}
    assert event["awsRegion"] == "us-east-1"


def test_what_is_refused_is_told_without_an_answer(aws: World) -> None:
    sts = aws.client("sts")
    with pytest.raises(ClientError):
        sts.assume_role(RoleArn=f"arn:aws:iam::{MAIN}:role/none", RoleSessionName="refused")
    event = _events(aws, "AssumeRole")[0]
    assert event["errorCode"] == "AccessDenied"
    assert event["responseElements"] is None


def test_no_token_and_no_secret_is_kept(aws: World) -> None:
    token = aws.issuer.token(sub="stranger")
    with pytest.raises(ClientError):
        aws.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{MAIN}:role/none", RoleSessionName="a", WebIdentityToken=token
        )
    kept = aws.home.decisions.read_text("utf-8")
    assert token not in kept
    assert "ecretAccessKey" not in kept


def test_pages_are_those_of_one_question_and_no_other(aws: World) -> None:
    iam = aws.client("iam")
    for number in range(3):
        iam.create_group(GroupName=f"page-{number}")
    # The SDK waits as long as CloudTrail wants.
    patient = aws.client("cloudtrail", attempts=10)
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateGroup"}]
    pages = patient.get_paginator("lookup_events").paginate(
        LookupAttributes=wanted, PaginationConfig={"PageSize": 2}
    )
    found = [event["CloudTrailEvent"] for page in pages for event in page["Events"]]
    names = [json.loads(event)["requestParameters"]["groupName"] for event in found]
    assert names == ["page-2", "page-1", "page-0"]
    token = patient.lookup_events(LookupAttributes=wanted, MaxResults=2)["NextToken"]
    with refused("InvalidNextTokenException", 400):
        patient.lookup_events(MaxResults=2, NextToken=token)


def test_what_cannot_be_asked_is_refused_by_its_code(aws: World) -> None:
    patient = aws.client("cloudtrail", attempts=10)
    now = dt.datetime.now(dt.UTC)
    with refused("InvalidTimeRangeException", 400):
        patient.lookup_events(StartTime=now, EndTime=now - dt.timedelta(hours=1))
    with refused("AccessDeniedException", 400):
        patient.describe_trails()
    with refused("InvalidMaxResultsException", 400):
        patient.lookup_events(MaxResults=0)


def test_only_who_may_look_learns_anything(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="curious")
    keys = iam.create_access_key(UserName="curious")["AccessKey"]
    trail = aws.client("cloudtrail", credentials=keys)
    with refused("AccessDeniedException", 400, "cloudtrail:LookupEvents"):
        trail.lookup_events()


def test_more_than_two_questions_a_second_are_too_many(aws: World) -> None:
    hasty = aws.client("cloudtrail")

    def ask_often() -> None:
        for _ in range(10):
            hasty.lookup_events(MaxResults=1)

    with refused("ThrottlingException", 400, "Rate exceeded"):
        ask_often()


def test_a_record_is_as_late_as_the_switch_says(aws: World) -> None:
    aws.client("iam").create_group(GroupName="late")
    switches.store(aws.home, Switches(trail_delay_seconds=600))
    try:
        assert _events(aws, "CreateGroup") == []
    finally:
        switches.store(aws.home, Switches())
    assert _events(aws, "CreateGroup")[0]["requestParameters"] == {"groupName": "late"}
