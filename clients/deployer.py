"""What whoever deploys may do in an AWS account, what room is left there, and what time it is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
from botocore.exceptions import BotoCoreError, ClientError

from clients.aws import Account, code, failure
from clients.errors import AwsError
from federation import deploy_rights, regions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_iam.type_defs import EvaluationResultTypeDef

    from federation.deploy_rights import AwsRights

RESOURCES_AT_ONCE = 20
"""Of one simulation: with a dozen actions each, a few pages of results."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Denial:
    """What a simulation does not allow."""

    action: str
    resource: str
    why: str
    certain: bool = True
    """Whether it is refused whatever else the call says, which no simulation is told."""


class Deployer(Account):
    """The IAM of one account, asked about whoever asks.

    Raises:
        AwsError: as for :class:`Account`.
    """

    def principal(self) -> str:
        """Return the ARN of the user or role that the caller is, or is a session of.

        A session does not tell the path of its role, so the role is read; where that is refused,
        it is taken to have none.
        """
        name = deploy_rights.role_behind(self.caller)
        if name is None:
            return self.caller
        try:
            return self._iam.get_role(RoleName=name)["Role"]["Arn"]
        except (ClientError, BotoCoreError) as error:
            if code(error) not in ("AccessDenied", "NoSuchEntity"):
                raise failure(f"read the role {name}", error) from error
            _, partition, _, _, account, _ = self.caller.split(":", 5)
            return f"arn:{partition}:iam::{account}:role/{name}"

    def denied(self, principal: str, needed: AwsRights) -> list[Denial]:
        """Return what a principal's policies do not allow of what it needs.

        Args:
            principal: ARN of a user or a role.
            needed: Actions by resource.
        """
        alike: dict[frozenset[str], list[str]] = {}
        for resource, actions in sorted(needed.items()):
            alike.setdefault(actions, []).append(resource)
        simulate = self._iam.get_paginator("simulate_principal_policy").paginate
        try:
            return [
                denial
                for actions, resources in alike.items()
                for start in range(0, len(resources), RESOURCES_AT_ONCE)
                for page in simulate(
                    PolicySourceArn=principal,
                    ActionNames=sorted(actions),
                    ResourceArns=resources[start : start + RESOURCES_AT_ONCE],
                )
                for result in page["EvaluationResults"]
                for denial in _denials(result)
            ]
        except (ClientError, BotoCoreError) as error:
            raise failure(f"simulate the policies of {principal}", error) from error

    def summary(self) -> Mapping[str, int]:
        """Return what IAM tells of use and quotas of the account, by its own names."""
        try:
            told = self._iam.get_account_summary()["SummaryMap"]
            return {str(name): number for name, number in told.items()}
        except (ClientError, BotoCoreError) as error:
            raise failure("read the summary of the account", error) from error

    def identity_providers(self) -> int:
        """Return how many OpenID Connect providers the account has."""
        try:
            return len(self._iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])
        except (ClientError, BotoCoreError) as error:
            raise failure("list the identity providers", error) from error


def seconds_ahead(region: str) -> float:
    """Return how far AWS's clock is ahead of this machine's, as STS dates its answers.

    Nobody signs in for it: with a clock that is wrong by minutes, nobody could.

    Raises:
        AwsError: unreachable, or the answer has no date.
    """
    url = f"{regions.sts_endpoint(region)}/"
    bundle = os.environ.get("AWS_CA_BUNDLE") or True
    try:
        asked = time.time()
        answer = requests.get(url, timeout=10, verify=bundle, allow_redirects=False)
        between = (asked + time.time()) / 2
    except requests.RequestException as error:
        raise AwsError(
            f"cannot read AWS's clock: {url} does not answer ({type(error).__name__}); check the "
            "network, HTTPS_PROXY and AWS_CA_BUNDLE"
        ) from error
    if "date" not in answer.headers:
        raise AwsError(f"cannot read AWS's clock: the answer of {url} has no date")
    # It is rounded down to a second.
    return parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5 - between


def _denials(result: EvaluationResultTypeDef) -> Iterator[Denial]:
    """AWS answers for several resources within one result, or in a result for each."""
    within = [
        (each["EvalResourceName"], each["EvalResourceDecision"], each.get("MissingContextValues"))
        for each in result.get("ResourceSpecificResults", [])
    ]
    whole = (result.get("EvalResourceName", "*"), result["EvalDecision"], None)
    for resource, decision, missing in within or [whole]:
        if decision == "allowed":
            continue
        unknown = [*(missing or ()), *result.get("MissingContextValues", [])]
        yield Denial(
            action=result["EvalActionName"],
            resource=resource,
            why=_why(result, decision, unknown),
            certain=not unknown,
        )


def _why(result: EvaluationResultTypeDef, decision: str, unknown: list[str]) -> str:
    outside = result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    bounded = result.get("PermissionsBoundaryDecisionDetail", {})
    if not outside:
        return "a service control policy does not allow it"
    if not bounded.get("AllowedByPermissionsBoundary", True):
        return "the permissions boundary does not allow it"
    if unknown:
        return f"a condition decides about it ({', '.join(sorted(set(unknown)))})"
    return "a policy denies it" if decision == "explicitDeny" else "no policy allows it"
