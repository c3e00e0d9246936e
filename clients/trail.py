"""What CloudTrail has recorded of calls to IAM and STS, which it does minutes after them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clients.errors import AwsError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from clients.aws import Account

_PACED = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "adaptive", "max_attempts": 10}
)
"""Two requests a second are answered in an account and region (CloudTrail API Reference,
LookupEvents); the SDK finds its pace by what is refused."""


def events(
    account: Account, name: str, *, region: str, since: dt.datetime
) -> Iterator[dict[str, Any]]:
    """Return the records of one kind of call in an account, the newest first.

    A region has those of its own endpoints; calls to IAM are in the region that stands for a
    partition's global services (IAM User Guide, "Logging IAM and AWS STS API calls with AWS
    CloudTrail").

    Args:
        account: The account.
        name: Of the operation, such as ``AssumeRole``.
        region: Where to look.
        since: What is older is left out.

    Raises:
        AwsError: unreachable or refused.
    """
    make: Any = account.session.client  # its types know each service by name alone
    try:
        pages = (
            make("cloudtrail", region_name=region, config=_PACED)
            .get_paginator("lookup_events")
            .paginate(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
                StartTime=since,
            )
        )
        for page in pages:
            for event in page["Events"]:
                yield json.loads(event["CloudTrailEvent"])
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"CloudTrail of {region} is not to be read: {error}") from error
