"""A signed request that proves to Vault who somebody is at AWS, and is good for nothing else."""

from __future__ import annotations

import json
import os
from base64 import b64encode

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from clients.errors import AwsError
from federation.regions import sts_endpoint

_BODY = "Action=GetCallerIdentity&Version=2011-06-15"


def default_region(profile: str | None = None) -> str:
    """Return the region of the environment or of a profile, else that of AWS's first endpoints.

    Raises:
        AwsError: there is no such profile.
    """
    try:
        configured = boto3.Session(profile_name=profile).region_name
    except BotoCoreError as error:
        raise AwsError(f"cannot read the AWS configuration: {error}") from error
    # The AWS CLI's second generation and most SDKs read AWS_REGION, boto3 the other one.
    return os.environ.get("AWS_REGION") or configured or "us-east-1"


def identity_proof(*, region: str, server_id: str, profile: str | None = None) -> dict[str, str]:
    """Sign a GetCallerIdentity for Vault to send; made here and sent by nobody else.

    Source: Vault, "AWS auth method (API)", Login. Like every signature it is good for a quarter of
    an hour; the server's id in it keeps it from being used at another Vault.

    Args:
        region: Region that the auth method asks STS in.
        server_id: What the auth method wants to be signed.
        profile: Profile of the AWS configuration; the environment decides if there is none.

    Raises:
        AwsError: there are no credentials to sign with.
    """
    try:
        credentials = boto3.Session(profile_name=profile).get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    except (BotoCoreError, ClientError) as error:
        raise AwsError(f"there are no AWS credentials to log in with: {error}") from error
    if frozen is None:
        raise AwsError("there are no AWS credentials to log in with: set AWS_PROFILE or the like")
    url = f"{sts_endpoint(region)}/"
    request = AWSRequest(
        method="POST",
        url=url,
        data=_BODY,
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Vault-AWS-IAM-Server-ID": server_id,
        },
    )
    SigV4Auth(frozen, "sts", region).add_auth(request)
    return {
        "iam_http_request_method": "POST",
        "iam_request_url": b64encode(url.encode()).decode(),
        "iam_request_body": b64encode(_BODY.encode()).decode(),
        "iam_request_headers": b64encode(json.dumps(dict(request.headers)).encode()).decode(),
    }
