"""What credentials are for: S3, and what DynamoDB and EC2 list; other services refuse, readably."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.lab.laboratory.aws_front import MAIN, OTHER, allow, document, refused, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World

BUCKET = "laboratory-main"
NO_POLICY = "because no identity-based policy allows the"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        yield built


def _user(aws: World, name: str, *statements: dict[str, Any]) -> dict[str, str]:
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    if statements:
        policy = document(*statements)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    keys: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
    return keys


def test_the_bucket_of_an_account_is_read_by_whom_it_is_granted_and_nobody_else(
    aws: World,
) -> None:
    own = _user(
        aws,
        "reader",
        allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
        allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/reports/*"),
    )
    # Also by the names that AWS's own hosts have: the bucket's stands before S3's.
    for through_network in (False, True):
        s3 = aws.client("s3", credentials=own, through_network=through_network)
        listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert listed == ["hello.txt", "reports/2026.csv"]
        head = s3.head_object(Bucket=BUCKET, Key="reports/2026.csv")
        read = s3.get_object(Bucket=BUCKET, Key="reports/2026.csv")["Body"].read()
        assert read.startswith(b"month,users\n")
        assert head["ContentLength"] == len(read)
        with refused(
            "AccessDenied",
            403,
            f'reader is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::{BUCKET}'
            f'/hello.txt" {NO_POLICY} s3:GetObject action',
        ):
            s3.get_object(Bucket=BUCKET, Key="hello.txt")
        with refused("AccessDenied", 403, f"{NO_POLICY} s3:ListAllMyBuckets action"):
            s3.list_buckets()
        with refused("NoSuchKey", 404):
            s3.get_object(Bucket=BUCKET, Key="reports/none")
        with refused("403", 403):
            s3.head_object(Bucket=BUCKET, Key="hello.txt")
    entry = aws.decisions("s3:GetObject")[-2]
    assert entry["resource"] == f"arn:aws:s3:::{BUCKET}/reports/none"
    assert (entry["outcome"], entry["error"]) == ("allowed", "NoSuchKey")


def test_who_may_not_list_does_not_learn_what_is_missing(aws: World) -> None:
    own = _user(aws, "blind", allow("s3:GetObject", "*"))
    s3 = aws.client("s3", credentials=own)
    with refused(
        "AccessDenied", 403, f's3:ListBucket on resource: "arn:aws:s3:::{BUCKET}" {NO_POLICY}'
    ):
        s3.get_object(Bucket=BUCKET, Key="none")
    with refused("NoSuchBucket", 404):
        s3.get_object(Bucket="nobodys-bucket", Key="none")


def test_an_administrator_makes_buckets_and_objects_that_outlive_a_restart(aws: World) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="made-here")
    written = {"a b/ü+%": b"\x00\xffbinary", "second//slash": b"x" * 70_000}
    # Over HTTPS an SDK signs no body and sends it in chunks with a checksum behind them.
    for through_network in (True, False):
        client = aws.client("s3", through_network=through_network)
        for key, body in written.items():
            client.put_object(Bucket="made-here", Key=key, Body=body, Metadata={"team": "one"})
            assert client.get_object(Bucket="made-here", Key=key)["Body"].read() == body
    s3.delete_object(Bucket=BUCKET, Key="hello.txt")
    aws.stop("lab.aws")
    aws.start("lab.aws", int(aws.aws_url.rpartition(":")[2]))
    s3 = aws.client("s3", through_network=True)
    found = s3.list_objects_v2(Bucket="made-here")["Contents"]
    assert [entry["Key"] for entry in found] == ["a b/ü+%", "second//slash"]
    assert s3.head_object(Bucket="made-here", Key="a b/ü+%")["Metadata"] == {"team": "one"}
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert names == [BUCKET, "made-here"]
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=BUCKET, Key="hello.txt")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket="made-here")
    for key in ("a b/ü+%", "second//slash"):
        s3.delete_object(Bucket="made-here", Key=key)
    s3.delete_bucket(Bucket="made-here")
    s3.put_object(Bucket=BUCKET, Key="hello.txt", Body=b"again")


def test_a_bucket_is_its_accounts_alone(aws: World) -> None:
    theirs = aws.client("s3", account=OTHER)
    assert [bucket["Name"] for bucket in theirs.list_buckets()["Buckets"]] == ["laboratory-other"]
    with refused("AccessDenied", 403, "Access Denied"):
        theirs.get_object(Bucket=BUCKET, Key="hello.txt")
    with refused("AccessDenied", 403):
        theirs.delete_bucket(Bucket=BUCKET)
    with refused("BucketAlreadyExists", 409):
        theirs.create_bucket(Bucket=BUCKET)


def test_conditions_boundary_session_policy_and_tags_decide(aws: World) -> None:
    prefixed = {
        **allow("s3:ListBucket"),
        "Condition": {"StringLike": {"s3:prefix": "reports/*"}},
    }
    s3 = aws.client("s3", credentials=_user(aws, "prefixed", prefixed))
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="reports/")["KeyCount"] == 1
    with refused("AccessDenied", 403):
        s3.list_objects_v2(Bucket=BUCKET)

    iam = aws.client("iam")
    limit = document(allow("s3:ListAllMyBuckets"))
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=limit)["Policy"]["Arn"]
    bounded = _user(aws, "bounded", allow("*"))
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=arn)
    s3 = aws.client("s3", credentials=bounded)
    assert s3.list_buckets()["Buckets"]
    with refused("AccessDenied", 403, "because no permissions boundary allows the s3:GetObject"):
        s3.get_object(Bucket=BUCKET, Key="hello.txt")

    tagged = allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/${{aws:PrincipalTag/Team}}/*")
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": f"arn:aws:iam::{MAIN}:root"},
    }
    role = aws.role("of-a-team", trust, tagged, allow(["s3:ListBucket", "dynamodb:ListTables"]))
    session: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "one"}
    reports = aws.client("sts").assume_role(**session, Tags=[{"Key": "Team", "Value": "reports"}])
    s3 = aws.client("s3", credentials=reports["Credentials"])
    assert s3.get_object(Bucket=BUCKET, Key="reports/2026.csv")["Body"].read()
    with refused("AccessDenied", 403):
        s3.get_object(Bucket=BUCKET, Key="hello.txt")
    listing = document(allow("dynamodb:*"))
    less = aws.client("sts").assume_role(**session, Policy=listing)["Credentials"]
    assert aws.client("dynamodb", credentials=less).list_tables()["TableNames"] == []
    with refused("AccessDenied", 403, "because no session policy allows the s3:ListBucket"):
        aws.client("s3", credentials=less).list_objects_v2(Bucket=BUCKET)


def test_a_presigned_url_opens_one_object_and_no_other(aws: World) -> None:
    url = aws.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "reports/2026.csv"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(url).read().startswith(b"month,users\n")
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(url.replace("2026", "2027"))
    assert b"<Code>SignatureDoesNotMatch</Code>" in caught.value.read()


def test_tables_and_instances_are_listed_by_whom_it_is_granted(aws: World) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{MAIN}:table/users"
    own = _user(aws, "lister", allow("ec2:DescribeVpcs"), allow("dynamodb:DescribeTable", table))
    for through_network in (False, True):
        ec2 = aws.client("ec2", credentials=own, through_network=through_network)
        assert len(ec2.describe_vpcs()["Vpcs"]) == 1
        with refused(
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation. User: "
            f"arn:aws:iam::{MAIN}:user/lister is not authorized to perform: ec2:DescribeInstances "
            f"{NO_POLICY} ec2:DescribeInstances action",
        ):
            ec2.describe_instances()
        dynamodb = aws.client("dynamodb", credentials=own, through_network=through_network)
        with refused("ResourceNotFoundException", 400):
            dynamodb.describe_table(TableName="users")
        with refused(
            "AccessDeniedException", 400, f"dynamodb:ListTables on resource: * {NO_POLICY}"
        ):
            dynamodb.list_tables()
        with refused("AccessDeniedException", 400, f"on resource: {table[:-5]}others"):
            dynamodb.describe_table(TableName="others")
    assert aws.client("ec2").describe_instances()["Reservations"] == []


def test_a_new_key_is_not_known_everywhere_at_once(aws: World) -> None:
    with aws.switched(key_delay_seconds=3600):
        new = _user(aws, "new", allow("*"))
        with refused("InvalidClientTokenId", 403):
            aws.client("sts", credentials=new).get_caller_identity()
        with refused("InvalidAccessKeyId", 403, "does not exist in our records"):
            aws.client("s3", credentials=new).list_buckets()
        with refused("AuthFailure", 401):
            aws.client("ec2", credentials=new).describe_vpcs()
        with refused("UnrecognizedClientException", 400):
            aws.client("dynamodb", credentials=new).list_tables()
        session = aws.client("sts").get_session_token()["Credentials"]
        assert aws.client("s3", credentials=session).list_buckets(), "sessions are known at once"
    rule = aws.decisions("s3:ListBuckets")[-1]["rule"]
    assert rule.endswith("s old, and s3 does not know it")
    assert aws.client("s3", credentials=new).list_buckets()["Buckets"]


UNKNOWN = {"AccessKeyId": "AKIANOBODYSKEYEVER00", "SecretAccessKey": "false-secret"}


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        ("s3 list_buckets", "InvalidAccessKeyId", 403),
        ("ec2 describe_vpcs", "AuthFailure", 401),
        ("dynamodb list_tables", "UnrecognizedClientException", 400),
        ("lambda list_functions", "UnrecognizedClientException", 403),
        ("sqs list_queues", "UnrecognizedClientException", 400),
        ("sns list_topics", "InvalidClientTokenId", 403),
        ("cloudwatch list_metrics", "UnrecognizedClientException", 400),
        ("route53 list_hosted_zones", "InvalidClientTokenId", 403),
    ],
)
def test_each_protocol_has_its_own_word_for_a_key_that_nobody_knows(
    aws: World, call: str, code: str, status: int
) -> None:
    service, operation = call.split()
    client = aws.client(service, credentials=UNKNOWN, through_network=True)
    with refused(code, status):
        getattr(client, operation)()


@pytest.mark.parametrize(
    ("call", "arguments", "code", "asked"),
    [
        (
            "lambda list_functions",
            {},
            "AccessDeniedException",
            "lambda:GET /2015-03-31/functions",
        ),
        ("sqs list_queues", {}, "AccessDeniedException", "sqs:ListQueues"),
        ("sns list_topics", {}, "AccessDenied", "sns:ListTopics"),
        ("cloudwatch list_metrics", {}, "AccessDeniedException", "monitoring:ListMetrics"),
        ("route53 list_hosted_zones", {}, "AccessDenied", "route53:GET /2013-04-01"),
        ("ecr describe_repositories", {}, "AccessDeniedException", "ecr:DescribeRepositories"),
        ("ses list_identities", {}, "AccessDenied", "ses:ListIdentities"),
        ("sesv2 list_email_identities", {}, "AccessDeniedException", "ses:POST /v2/email"),
        ("s3 get_bucket_policy", {"Bucket": BUCKET}, "AccessDenied", "s3:GetBucketPolicy"),
        ("ec2 run_instances", {"MinCount": 1}, "UnauthorizedOperation", "ec2:RunInstances"),
        (
            "ec2 describe_instance_attribute",
            {"InstanceId": "i-1", "Attribute": "userData"},
            "UnauthorizedOperation",
            "ec2:DescribeInstanceAttribute",
        ),
        (
            "dynamodb delete_table",
            {"TableName": "x"},
            "AccessDeniedException",
            "dynamodb:Delete",
        ),
    ],
)
def test_what_is_not_served_says_so_in_the_protocol_that_was_spoken(
    aws: World, call: str, arguments: dict[str, Any], code: str, asked: str
) -> None:
    service, operation = call.split()
    client = aws.client(service, through_network=True)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert f"The laboratory does not serve {asked}" in error["Message"]
    assert "AWS itself may allow this call" in error["Message"]


def test_a_body_that_is_not_the_signed_one_is_refused(aws: World) -> None:
    s3 = aws.client("s3")

    def forge(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's request
        request.body = b"forged"

    s3.meta.events.register("before-send.s3.PutObject", forge)
    with refused("XAmzContentSHA256Mismatch", 400):
        s3.put_object(Bucket=BUCKET, Key="forged", Body=b"signed")


def test_the_decisions_name_what_was_asked(aws: World) -> None:
    aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="reports/")
    entry = aws.decisions("s3:ListBucket")[-1]
    assert entry["resource"] == f"arn:aws:s3:::{BUCKET}"
    assert json.dumps(entry).count("allowed by inline policy administrator") == 1
