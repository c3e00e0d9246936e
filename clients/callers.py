"""Who somebody is at AWS, by credentials that may be so new that AWS does not know them yet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from clients.aws import BOUNDS, code, failure
from clients.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.leases import Lease

NOT_KNOWN_YET = frozenset(
    ("InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure")
)
"""What services answer to a key that they have not heard of yet (IAM User Guide, "Changes that I
make are not always immediately visible"; the error codes of STS, S3, DynamoDB and EC2)."""

PAUSE_SECONDS = 1.0
"""Between two attempts."""


def await_caller(issued: Lease, region: str, *, deadline: float) -> str:
    """Use credentials once, and return the ARN that AWS knows them by.

    Args:
        issued: The credentials.
        region: Region whose STS is asked.
        deadline: Seconds for which AWS may not know a new key.

    Raises:
        AwsError: unreachable or refused; also what AWS did not get to know in time.
    """

    def late(code: str) -> str:
        return (
            f"AWS did not know the key for {deadline:.0f} s ({code}): repeat, or give it longer "
            "with --deadline"
        )

    try:
        return until_known(lambda: _arn(_session(issued, region)), deadline, late)
    except (ClientError, BotoCoreError) as error:
        raise failure("use the credentials", error) from error


def until_known(ask: Callable[[], str], seconds: float, late: Callable[[str], str]) -> str:
    """Ask AWS by a key that may be new until it knows the key; return what it says.

    Args:
        ask: Asks.
        seconds: For how long AWS may not know the key.
        late: Says that it did not get to know it, given AWS's code.

    Raises:
        AwsError: it did not get to know it in time.
        ClientError: it refuses for another reason.
        BotoCoreError: it is not reached.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except ClientError as error:
            if code(error) not in NOT_KNOWN_YET:
                raise
            if time.monotonic() + PAUSE_SECONDS > until:
                raise AwsError(late(code(error))) from error
        time.sleep(PAUSE_SECONDS)


def caller_of(profile: str | None, region: str) -> str:
    """Return the ARN of a profile of the AWS configuration, or of the environment.

    Args:
        profile: Its name; ``None`` for the environment.
        region: Region whose STS is asked.

    Raises:
        AwsError: there are no credentials, or AWS does not know them.
    """
    try:
        return _arn(boto3.Session(profile_name=profile, region_name=region))
    except (ClientError, BotoCoreError) as error:
        raise failure(f"sign in with {profile or 'the environment'}", error) from error


def _session(issued: Lease, region: str) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=issued.access_key_id,
        aws_secret_access_key=issued.secret_access_key,
        aws_session_token=issued.session_token or None,
        region_name=region,
    )


def _arn(session: boto3.Session) -> str:
    return session.client("sts", config=BOUNDS).get_caller_identity()["Arn"]
