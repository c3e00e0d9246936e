from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lab.laboratory.aws_front import MAIN, refused, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World

CALLER = "Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ADMINISTRATOR = Credentials("AKIAFALSEMAIN", "false-secret-of-main")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        yield built


def send(aws: World, request: AWSRequest, body: bytes | None = None) -> tuple[int, str]:
    """Send a signed request to the front's loopback port under the host it was signed for."""
    parts = urlsplit(str(request.url))
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    plain = urllib.request.Request(  # noqa: S310 - the front's own URL
        f"{aws.aws_url}{path}",
        data=body,
        headers={"Host": parts.netloc, **dict(request.headers.items())},
        method=request.method,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(plain) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def signed(
    url: str = "https://sts.amazonaws.com/",
    *,
    region: str = "us-east-1",
    service: str = "sts",
    credentials: Credentials = ADMINISTRATOR,
    headers: dict[str, str] | None = None,
) -> AWSRequest:
    """Sign a GetCallerIdentity with botocore, the way Vault's login does: in the headers."""
    request = AWSRequest(
        "POST", url, headers={"Content-Type": FORM, **(headers or {})}, data=CALLER.encode()
    )
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    return request


def test_a_signed_login_request_is_answered_at_every_public_name(aws: World) -> None:
    for url, region in (
        ("https://sts.amazonaws.com/", "us-east-1"),
        ("https://sts.eu-west-1.amazonaws.com/", "eu-west-1"),
    ):
        request = signed(url, region=region, headers={"X-Vault-AWS-IAM-Server-ID": "vault.lab"})
        status, text = send(aws, request, CALLER.encode())
        assert status == 200
        assert f"<Arn>arn:aws:iam::{MAIN}:user/bootstrap-administrator</Arn>" in text


def test_a_presigned_url_is_answered(aws: World) -> None:
    request = AWSRequest("GET", f"https://sts.amazonaws.com/?{CALLER}")
    botocore.auth.SigV4QueryAuth(ADMINISTRATOR, "sts", "us-east-1", expires=60).add_auth(request)
    status, text = send(aws, request)
    assert status == 200
    assert f"<Account>{MAIN}</Account>" in text
    status, text = send(aws, AWSRequest("GET", f"{request.url}0"))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)


def test_a_wrong_secret_does_not_match(aws: World) -> None:
    keys = {"AccessKeyId": "AKIAFALSEMAIN", "SecretAccessKey": "another-false-secret"}
    with refused("SignatureDoesNotMatch", 403, "does not match the signature you provided"):
        aws.client("sts", credentials=keys).get_caller_identity()
    entry = aws.decisions("sts:GetCallerIdentity")[-1]
    assert entry["outcome"] == "refused"
    assert entry["principal"] == "anonymous"
    assert entry["rule"].startswith("signature:")
    assert entry["error"] == "SignatureDoesNotMatch"


def test_an_unknown_key_is_refused(aws: World) -> None:
    keys = {"AccessKeyId": "AKIAUNKNOWN", "SecretAccessKey": "false-secret-of-main"}
    for service, call in (("sts", "get_caller_identity"), ("iam", "list_users")):
        with refused("InvalidClientTokenId", 403, "security token included in the request"):
            getattr(aws.client(service, credentials=keys), call)()


def test_an_inactive_key_is_refused(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="resting")
    keys = iam.create_access_key(UserName="resting")["AccessKey"]
    user = aws.client("sts", credentials=keys)
    assert user.get_caller_identity()["UserId"].startswith("AIDA")
    iam.update_access_key(UserName="resting", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    with refused("InvalidClientTokenId", 403):
        user.get_caller_identity()


def test_a_users_key_with_a_session_token_is_refused(aws: World) -> None:
    keys = {
        "AccessKeyId": "AKIAFALSEMAIN",
        "SecretAccessKey": "false-secret-of-main",
        "SessionToken": "false-token",
    }
    with refused("InvalidClientTokenId", 403):
        aws.client("sts", credentials=keys).get_caller_identity()


def test_a_body_changed_after_signing_does_not_match(aws: World) -> None:
    status, text = send(aws, signed(), CALLER.replace("Identity", "identity").encode())
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)


def test_a_signed_header_changed_after_signing_does_not_match(aws: World) -> None:
    request = signed(headers={"X-Vault-AWS-IAM-Server-ID": "vault.lab"})
    request.headers.replace_header("X-Vault-AWS-IAM-Server-ID", "elsewhere")
    status, text = send(aws, request, CALLER.encode())
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)


@pytest.mark.parametrize(
    ("url", "region", "service", "says"),
    [
        ("https://iam.amazonaws.com/", "us-east-1", "sts", "correct service: 'iam'"),
        ("https://sts.amazonaws.com/", "eu-west-1", "sts", "not 'eu-west-1'"),
        ("https://sts.eu-west-1.amazonaws.com/", "us-east-1", "sts", "not 'us-east-1'"),
    ],
)
def test_a_credential_scoped_elsewhere_does_not_match(
    aws: World, url: str, region: str, service: str, says: str
) -> None:
    status, text = send(aws, signed(url, region=region, service=service), CALLER.encode())
    assert (status, says in text) == (403, True), text
    assert "<Code>SignatureDoesNotMatch</Code>" in text


@pytest.mark.parametrize(
    ("age", "says"),
    [(timedelta(minutes=16), "Signature expired"), (timedelta(minutes=-16), "not yet current")],
)
def test_a_signature_of_another_time_is_refused(aws: World, age: timedelta, says: str) -> None:
    then = datetime.now(UTC) - age
    with mock.patch("botocore.auth.get_current_datetime", return_value=then):
        request = signed()
    status, text = send(aws, request, CALLER.encode())
    assert (status, says in text) == (403, True), text


def test_the_clock_of_aws_does_not_age_a_signature(aws: World) -> None:
    with aws.switched(clock_offset_seconds=7200):
        assert send(aws, signed(), CALLER.encode())[0] == 200


def test_a_key_is_not_known_in_another_partition(aws: World) -> None:
    request = signed("https://sts.cn-north-1.amazonaws.com.cn/", region="cn-north-1")
    status, text = send(aws, request, CALLER.encode())
    assert (status, "<Code>InvalidClientTokenId</Code>" in text) == (403, True)


def test_a_request_without_signature_is_told_so(aws: World) -> None:
    bare = AWSRequest("POST", "https://sts.amazonaws.com/", headers={"Content-Type": FORM})
    status, text = send(aws, bare, CALLER.encode())
    assert (status, "<Code>MissingAuthenticationToken</Code>" in text) == (403, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AWS4-HMAC-SHA256", "AWS3"),
        ("SignedHeaders", "Headers"),
        ("/aws4_request", ""),
        ("SignedHeaders=content-type;host;", "SignedHeaders=content-type;"),
    ],
)
def test_an_incomplete_signature_is_told_so(aws: World, old: str, new: str) -> None:
    request = signed()
    authorization = request.headers["Authorization"]
    assert old in authorization
    request.headers.replace_header("Authorization", authorization.replace(old, new))
    status, text = send(aws, request, CALLER.encode())
    assert (status, "<Code>IncompleteSignature</Code>" in text) == (400, True)


def test_a_host_of_no_aws_service_is_not_answered(aws: World) -> None:
    status, text = send(aws, signed("https://nosuchservice.amazonaws.com/"), CALLER.encode())
    assert (status, "<Code>UnknownEndpoint</Code>" in text) == (404, True)


def test_readiness_is_told_on_loopback_alone(aws: World) -> None:
    ready = AWSRequest("GET", "http://127.0.0.1/_lab/ready")
    assert send(aws, ready) == (200, "ready\n")
    public = AWSRequest("GET", "https://sts.amazonaws.com/_lab/ready")
    assert send(aws, public)[0] == 403
