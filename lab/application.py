"""An application at AWS, which is there before the program is: one role in each account.

The program's dev stack lets it log in to Vault; it belongs to nobody's stack.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from lab.accounts import region
from lab.home import read_json

if TYPE_CHECKING:
    from lab.home import Home

NAME: Final = "app"
"""Name of the role. The AWS profile ``<account>-app`` assumes it."""


def make_roles(home: Home) -> list[str]:
    """Make the application's role in each account that has none; return the ARNs of those made.

    Whoever may act in the account may be the application there.
    """
    made = []
    for account in read_json(home.accounts):
        iam = boto3.client(
            "iam",
            region_name=region(account["partition"]),
            endpoint_url=f"http://127.0.0.1:{read_json(home.ports)['aws']}",
            aws_access_key_id=account["access_key_id"],
            aws_secret_access_key=account["secret_access_key"],
            config=Config(proxies={}),
        )
        anyone = f"arn:{account['partition']}:iam::{account['id']}:root"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": anyone}}
        try:
            role = iam.create_role(
                RoleName=NAME,
                AssumeRolePolicyDocument=json.dumps(
                    {"Version": "2012-10-17", "Statement": [trust]}
                ),
                Description="An application that logs in to Vault",
            )
        except iam.exceptions.EntityAlreadyExistsException:
            continue
        made.append(str(role["Role"]["Arn"]))
    return made
