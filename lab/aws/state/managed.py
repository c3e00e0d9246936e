"""AWS managed policies, taken into an account when a call first names one.

moto can load all of them at its start, which costs every laboratory seconds and every stored state
megabytes; hardly any call names one.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.iam.models import IAMBackend

    from lab.aws.state.accounts import Account


def admit(parameters: Mapping[str, str], account: Account, iam: IAMBackend) -> None:
    """Make the AWS managed policies that the call names known to the account's IAM."""
    prefix = f"arn:{account.partition}:iam::aws:policy/"
    for arn in parameters.values():
        if arn.startswith(prefix) and arn not in iam.managed_policies:
            policy = _policy(arn.rpartition("/")[2], account)
            if policy and policy.arn == arn:
                iam.managed_policies[arn] = policy


def _policy(name: str, account: Account) -> AWSManagedPolicy | None:
    data = _published().get(name)
    return AWSManagedPolicy.from_data(name, account.id, account.region, data) if data else None


@cache
def _published() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
