"""The trust of a target role: whom it admits, judged by the laboratory's own evaluator too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation.names import TargetNames, login_group
from federation.target_trust import Principal, target_trust

ENGINE = Principal(
    "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws", "AROA00000000000000001"
)
OTHER = Principal("arn:aws:iam::123456789012:role/vault-secret-dev-root-b", "AROA00000000000000002")


def test_a_plain_trust_names_exactly_its_engines() -> None:
    document = target_trust([ENGINE, OTHER])
    assert document["Statement"] == [
        {
            "Sid": f"Assume{principal.unique_id}",
            "Effect": "Allow",
            "Principal": {"AWS": principal.arn},
            "Action": "sts:AssumeRole",
        }
        for principal in (ENGINE, OTHER)
    ]


def test_external_id_and_tags_are_asked_for_and_no_other_tag_is_let_through() -> None:
    assume, tag = target_trust(
        [ENGINE], external_id="partner", session_tags={"Team": "a", "Cost": "b"}
    )["Statement"]
    tags = {"aws:RequestTag/Cost": "b", "aws:RequestTag/Team": "a"}
    assert assume["Condition"] == {"StringEquals": {"sts:ExternalId": "partner", **tags}}
    assert tag["Action"] == "sts:TagSession"
    assert tag["Condition"] == {
        "StringEquals": tags,
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Cost", "Team"]},
    }


def test_a_role_made_again_under_its_name_makes_another_document() -> None:
    again = Principal(ENGINE.arn, OTHER.unique_id)
    assert target_trust([ENGINE]) != target_trust([again])


@pytest.mark.parametrize("given", [{}, {"external_id": "partner", "session_tags": {"Team": "a"}}])
def test_a_sid_is_what_iam_takes_and_there_once(given: dict[str, Any]) -> None:
    sids = [entry["Sid"] for entry in target_trust([ENGINE, OTHER], **given)["Statement"]]
    assert all(sid.isalnum() and sid.isascii() for sid in sids)
    assert len(set(sids)) == len(sids)
    assert json.dumps(target_trust([ENGINE], **given))


def test_names_of_targets_and_groups_stay_apart() -> None:
    account = {"account_id": "123456789012", "partition": "aws"}
    first = TargetNames(stack="a-b", key="c", **account)
    second = TargetNames(stack="a", key="b-c", **account)
    assert first.role_name != second.role_name
    assert first.role_arn == "arn:aws:iam::123456789012:role/vault-target-a--b-c"
    assert login_group("dev", "team/app", "people", "on-call") == "dev-team.app-people-on--call"
    assert login_group("dev", "", "a", "b-c") != login_group("dev", "", "a-b", "c")
