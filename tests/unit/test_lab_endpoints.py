from __future__ import annotations

import pytest

from lab.aws.front.endpoints import Endpoint, endpoint_of
from lab.aws.front.wire import ApiError, Message


def message(host: str) -> Message:
    return Message(
        host=host, method="POST", path="/", query="", headers={}, body=b"", parameters={}
    )


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("sts.amazonaws.com", "sts", "us-east-1"),
        ("iam.amazonaws.com", "iam", "us-east-1"),
        ("sts.eu-central-1.amazonaws.com", "sts", "eu-central-1"),
        ("sts.us-gov-west-1.amazonaws.com", "sts", "us-gov-west-1"),
        ("iam.us-gov.amazonaws.com", "iam", "us-gov-west-1"),
        ("sts.cn-north-1.amazonaws.com.cn", "sts", "cn-north-1"),
        ("iam.cn-north-1.amazonaws.com.cn", "iam", "cn-north-1"),
        ("sts.cn-northwest-1.amazonaws.com.cn", "sts", "cn-northwest-1"),
        ("sns.us-east-1.amazonaws.com", "sns", "us-east-1"),
    ],
)
def test_a_public_name_stands_for_a_service_in_a_region(
    host: str, service: str, region: str
) -> None:
    assert endpoint_of(message(host)) == Endpoint(service=service, region=region)


@pytest.mark.parametrize(
    "host",
    [
        "sts.cn-north-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com.cn",
        "sts.us-gov-west-1.amazonaws.com.cn",
        "nosuchservice.us-east-1.amazonaws.com",
        "laboratory-main.sts.us-east-1.amazonaws.com",
    ],
)
def test_a_name_that_no_partition_has_is_no_endpoint(host: str) -> None:
    with pytest.raises(ApiError, match=host):
        endpoint_of(message(host))


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        (
            "laboratory-main.s3.us-east-1.amazonaws.com",
            Endpoint(
                service="s3", region="us-east-1", protocol="rest-xml", bucket="laboratory-main"
            ),
        ),
        (
            "a.b.s3.dualstack.eu-central-1.amazonaws.com",
            Endpoint(service="s3", region="eu-central-1", protocol="rest-xml", bucket="a.b"),
        ),
        ("s3.amazonaws.com", Endpoint(service="s3", region="us-east-1", protocol="rest-xml")),
        # An SDK that knows the account prefers its own host.
        (
            "123456789012.ddb.us-east-1.amazonaws.com",
            Endpoint(service="dynamodb", region="us-east-1", protocol="json"),
        ),
        (
            "api.ecr.us-east-1.amazonaws.com",
            Endpoint(service="ecr", region="us-east-1", protocol="json"),
        ),
        (
            "monitoring.us-east-1.amazonaws.com",
            Endpoint(service="monitoring", region="us-east-1", protocol="smithy-rpc-v2-cbor"),
        ),
    ],
)
def test_a_name_tells_protocol_and_bucket_as_well(host: str, endpoint: Endpoint) -> None:
    assert endpoint_of(message(host)) == endpoint


@pytest.mark.parametrize(
    ("region", "served"), [("us-east-1", "aws"), ("us-gov-east-1", "aws-us-gov"), (None, "aws-cn")]
)
def test_an_endpoint_serves_its_partition_alone(region: str | None, served: str) -> None:
    endpoint = Endpoint(service="sts", region=region)
    assert endpoint.serves(served)
    assert endpoint.serves("aws-iso") == (region is None)
