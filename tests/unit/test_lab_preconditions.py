"""Quotas of an account that a test with requests would take too long to fill."""

from __future__ import annotations

import pytest
from moto.iam.models import IAMBackend

from lab.aws.front import preconditions
from lab.aws.front.wire import ApiError

HELD = {
    "CreateUser": "users",
    "CreateGroup": "groups",
    "CreateRole": "roles",
    "CreatePolicy": "managed_policies",
    "CreateInstanceProfile": "instance_profiles",
    "CreateOpenIDConnectProvider": "open_id_providers",
}


def test_every_quota_of_an_account_is_tried() -> None:
    assert set(HELD) == set(preconditions.ACCOUNT_QUOTAS)


@pytest.mark.parametrize("operation", sorted(HELD))
def test_an_account_holds_no_more_than_its_quota(operation: str) -> None:
    iam = IAMBackend("aws", "123456789012")
    quota, most, _ = preconditions.ACCOUNT_QUOTAS[operation]
    held = getattr(iam, HELD[operation])
    held.update({f"arn:aws:iam::123456789012:x/{number}": None for number in range(most - 1)})
    preconditions.check(operation, {}, iam)
    held["arn:aws:iam::123456789012:x/last"] = None
    with pytest.raises(ApiError) as refusal:
        preconditions.check(operation, {}, iam)
    assert (refusal.value.code, refusal.value.status) == ("LimitExceeded", 409)
    assert refusal.value.message == f"Cannot exceed quota for {quota}: {most}"


def test_policies_of_aws_count_for_nobody() -> None:
    iam = IAMBackend("aws", "123456789012")
    ours = "arn:aws:iam::123456789012:policy/ours"
    iam.managed_policies.update({"arn:aws:iam::aws:policy/ReadOnlyAccess": None, ours: None})  # type: ignore[dict-item] # only the names count
    assert preconditions.own_policies(iam) == [ours]
