"""What S3, DynamoDB and EC2 are authorised as, against the Service Authorization Reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.core.utils import get_service_model

from lab.aws.front import resources
from lab.aws.front.endpoints import Endpoint
from lab.aws.front.resources import S3_ACTIONS, ResourceCall
from lab.aws.front.routing import Asked
from lab.aws.front.wire import ApiError, Message
from lab.aws.judgement.principals import Caller
from lab.aws.state.accounts import Account
from tests.unit.test_lab_actions_reference import reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.aws.front.actions import AuthorizationNeed

CALLER = Caller(
    account=Account(
        name="main",
        id="123456789012",
        partition="aws",
        access_key_id="AKIAFALSE",
        secret_access_key="false",
    ),
    arn="arn:aws:iam::123456789012:user/alice",
    user_id="AIDAFALSE",
    secret="false",
)
LISTING = [
    (service, operation)
    for service in ("dynamodb", "ec2")
    for operation in get_service_model(service).operation_names
    if operation.startswith(("Describe", "List")) and operation in reference(service)
]
EVERYTHING = {
    "x-amz-acl": "private",
    "x-amz-tagging": "a=b",
    "x-amz-storage-class": "STANDARD",
    "x-amz-server-side-encryption": "AES256",
}


def needs(service: str, operation: str, **arguments: Any) -> Sequence[AuthorizationNeed]:  # noqa: ANN401 - as an API has them
    message = Message(
        host="", method="GET", path="/", query="", headers=EVERYTHING, body=b"", parameters={}
    )
    call = ResourceCall(
        message=message,
        endpoint=Endpoint(service=service, region="us-east-1"),
        asked=Asked(operation=operation, arguments=arguments),
        caller=CALLER,
    )
    return call.needs()


@pytest.mark.parametrize("operation", sorted(S3_ACTIONS))
def test_s3_is_asked_on_bucket_or_object_with_keys_that_it_has(operation: str) -> None:
    members = get_service_model("s3").operation_model(operation).input_shape
    known = {*members.members} if members else set()
    values = {"Bucket": "b", "Key": "k/x", "Prefix": "", "Delimiter": "/", "MaxKeys": "1"}
    values["VersionId"] = "v"
    given = {name: value for name, value in values.items() if name in known}
    if operation == "ListBuckets":
        given = {}
    for need in needs("s3", operation, **given):
        listed = reference("s3")[need.action.removeprefix("s3:")]
        types = {entry["resource_type"].rstrip("*") for entry in listed} - {""}
        where = "b/k/x" if "Key" in given else "b"
        assert need.resource == (f"arn:aws:s3:::{where}" if given else "*")
        assert ("object" if "Key" in given else "bucket") in types or not given
        keys = {key.split("/")[0] for entry in listed for key in entry["condition_keys"]}
        ours = {key for key in need.context if key.startswith("s3:")}
        assert ours <= keys | {"s3:authType", "s3:signatureversion", "s3:ResourceAccount"}


def test_what_an_upload_asks_for_besides_needs_its_own_right() -> None:
    asked = [need.action for need in needs("s3", "PutObject", Bucket="b", Key="k")]
    assert asked == ["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"]
    (versioned,) = needs("s3", "GetObject", Bucket="b", Key="k", VersionId="v")
    assert versioned.action == "s3:GetObjectVersion"


@pytest.mark.parametrize(("service", "operation"), LISTING)
def test_what_lists_is_authorised_as_the_reference_says_or_not_served(
    service: str, operation: str
) -> None:
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    try:
        (need,) = needs(service, operation, TableName="t", ResourceArn=table)
    except ApiError:
        with pytest.raises(ApiError, match=f"does not serve {service}:{operation}"):
            needs(service, operation, TableName="t", ResourceArn=table)
        return
    listed = reference(service)[operation]
    must = {entry["resource_type"] for entry in listed if entry["resource_type"].endswith("*")}
    assert need.resource == (table if must else "*")
    assert must <= {"table*"}


def test_an_operation_that_changes_or_that_nobody_has_is_not_served() -> None:
    for service, operation in (
        ("ec2", "RunInstances"),
        ("dynamodb", "PutItem"),
        ("s3", "PutBucketPolicy"),
        ("ec2", "DescribeNothing"),
        ("ec2", ""),
    ):
        with pytest.raises(ApiError, match=f"does not serve {service}:"):
            needs(service, operation)
    assert {"s3", "dynamodb", "ec2"} == resources.SERVICES
