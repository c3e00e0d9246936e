"""Logins by the aws auth method, signed with botocore and spoilt in every way a test asks for."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.conftest import Laboratory

Keys = dict[str, str]
HEADER = "X-Vault-AWS-IAM-Server-ID"
SERVER = "vault.lab.test"
_BODY = "Action=GetCallerIdentity&Version=2011-06-15"


def make_role(laboratory: Laboratory, name: str, *, path: str = "/", account: str = "main") -> str:
    """Make a role that the account's administrator may assume; return its unique id."""
    owner = laboratory.account(account)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:{owner['partition']}:iam::{owner['id']}:root"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = administrator(laboratory, account)
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
    return made["Role"]["RoleId"]


def session(laboratory: Laboratory, role: str, *, account: str = "main", name: str = "i-1") -> Keys:
    """Return the credentials of a session of a role, given with its path."""
    owner = laboratory.account(account)
    sts = laboratory.aws("sts", owner["access_key_id"], owner["secret_access_key"])
    arn = f"arn:{owner['partition']}:iam::{owner['id']}:role/{role}"
    keys: Keys = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return keys


def signed(
    keys: Keys, *, server: str | None = SERVER, region: str = "us-east-1", **unsigned: str
) -> dict[str, str]:
    """Return a login's proof: a GetCallerIdentity signed with ``keys``.

    Args:
        keys: Credentials as STS or IAM answer with them.
        server: Value of the header that Vault wants; none leaves it out.
        region: Region to sign for.
        unsigned: Headers to add after signing, with ``_`` for ``-``.
    """
    credentials = Credentials(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken")
    )
    url = f"https://sts.{region}.amazonaws.com/"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    headers |= {HEADER: server} if server else {}
    request = AWSRequest(method="POST", url=url, data=_BODY, headers=headers)
    SigV4Auth(credentials, "sts", region).add_auth(request)
    sent = dict(request.headers) | {name.replace("_", "-"): v for name, v in unsigned.items()}
    return proof(url, sent)


def proof(url: str, headers: Mapping[str, str], body: str = _BODY) -> dict[str, str]:
    """Return the fields of a login."""
    return {
        "iam_http_request_method": "POST",
        "iam_request_url": b64encode(url.encode()).decode(),
        "iam_request_body": b64encode(body.encode()).decode(),
        "iam_request_headers": b64encode(json.dumps(dict(headers)).encode()).decode(),
    }


def log_in(
    laboratory: Laboratory, role: str, fields: Mapping[str, str], *, path: str = "aws"
) -> dict[str, Any]:
    """Log in and return what Vault says of the token; the proof is all that it is shown."""
    vault = laboratory.vault()
    vault.token = None
    answer: dict[str, Any] = vault.adapter.post(
        f"/v1/auth/{path}/login", json={"role": role, **fields}
    )
    auth: dict[str, Any] = answer["auth"]
    return auth
