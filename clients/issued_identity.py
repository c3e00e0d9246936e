"""What issued credentials ask of AWS: whether it knows them, and a sign-in to the console."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

from clients.aws import BOUNDS, failure
from clients.callers import until_known
from clients.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

KNOWN_SECONDS = 60.0
"""How long a new user's key may be unknown to STS. IAM is eventually consistent and gives no bound
(IAM User Guide, "Changes that I make are not always immediately visible"); seconds are usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """AWS credentials and where they are used."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    """Empty for the key of an IAM user."""
    region: str
    """Whose endpoints are asked."""


def await_known(keys: Keys, *, seconds: float = KNOWN_SECONDS) -> str:
    """Wait until STS knows who this is; return the ARN.

    That STS knows a key says nothing of other services and regions, which learn of it by
    themselves.

    Args:
        keys: Whose.
        seconds: How long to wait at most.

    Raises:
        AwsError: AWS does not know the key in time, does not answer, or says something else.
    """
    sts = _sts(keys)

    def late(_code: str) -> str:
        return (
            f"AWS STS in {keys.region} does not know the key {keys.access_key_id} after "
            f"{seconds:.0f} s: the region may be one of another partition than the account's "
            "(--region says which), or somebody has deleted the user; try again"
        )

    try:
        return until_known(lambda: sts.get_caller_identity()["Arn"], seconds, late)
    except ClientError as error:
        raise failure("say who these credentials are", error) from error
    except BotoCoreError as error:
        raise _unreachable(error) from error


def federated(keys: Keys, name: str, seconds: int) -> Keys:
    """Return a session of a federated user, who may do what the IAM user of these keys may.

    Source: STS API Reference, "GetFederationToken": what the session policy allows counts as far
    as the user's own policies do, so it allows everything.

    Args:
        keys: Of an IAM user.
        name: How CloudTrail calls the session; at most 32 characters.
        seconds: How long it lives, from 900 on.

    Raises:
        AwsError: the user has no right to ``sts:GetFederationToken``, or AWS does not answer.
    """
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    try:
        answer = _sts(keys).get_federation_token(Name=name, Policy=policy, DurationSeconds=seconds)
    except ClientError as error:
        raise failure("let this IAM user sign in to the console", error) from error
    except BotoCoreError as error:
        raise _unreachable(error) from error
    given = answer["Credentials"]
    return Keys(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        region=keys.region,
    )


def sign_in_token(keys: Keys, endpoint: str) -> str:
    """Return what signs a browser in as a session, a secret that is good for a quarter of an hour.

    Source: IAM User Guide, "Enable custom identity broker access to the AWS console". Posted, so
    that the session stands in nobody's log of addresses; without ``SessionDuration``, which AWS
    refuses for sessions of federated users and for those that a session has assumed, as all of
    Vault's are.

    Args:
        keys: Of a session.
        endpoint: The partition's federation endpoint.

    Raises:
        AwsError: AWS refuses the session or does not answer.
    """
    session = {
        "sessionId": keys.access_key_id,
        "sessionKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
    }
    asked = {"Action": "getSigninToken", "Session": json.dumps(session)}
    verify = os.environ.get("AWS_CA_BUNDLE") or True
    try:
        answer = requests.post(endpoint, data=asked, timeout=(5, 20), verify=verify)
        held: Any = answer.json() if answer.ok else {}
    except requests.RequestException as error:
        # Its own text may show the body.
        raise AwsError(
            f"{endpoint} cannot be reached ({type(error).__name__}); check network and HTTPS_PROXY"
        ) from None
    if not held.get("SigninToken"):
        raise AwsError(
            f"{endpoint} does not sign this session in (HTTP {answer.status_code}): it has ended, "
            "or its role is gone; read new credentials"
        )
    return str(held["SigninToken"])


def _sts(keys: Keys) -> STSClient:
    try:
        return boto3.client(
            "sts",
            region_name=keys.region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token or None,
            config=BOUNDS,
        )
    except BotoCoreError as error:  # a profile of the environment that is not there
        raise _unreachable(error) from error


def _unreachable(error: BotoCoreError) -> AwsError:
    return AwsError(f"cannot ask AWS STS: {error}; check region, network and HTTPS_PROXY")
