"""The trust of a target role: whom it admits, judged by the laboratory's own evaluator too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation.names import TargetNames, login_group
from federation.target_trust import Principal, assumable_by, target_trust

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


def test_whom_a_trust_policy_lets_assume_the_role_is_read_again() -> None:
    principals = [Principal(f"arn:aws:iam::123456789012:role/{name}", name) for name in ("a", "b")]
    document = target_trust(principals, session_tags={"Team": "a"})
    assert assumable_by(document) == {principal.arn for principal in principals}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({"Principal": "*"}, {"*"}),
        ({"Principal": {"AWS": ["a", "b"], "Service": "ec2.amazonaws.com"}}, None),
        ({"NotPrincipal": {"AWS": "a"}}, {"*"}),
        ({"Principal": {"AWS": "a"}, "Action": ["sts:TagSession"]}, set()),
        ({"Principal": {"AWS": "a"}, "Effect": "Deny"}, set()),
    ],
)
def test_nobody_whom_it_lets_in_is_left_out(
    statement: dict[str, object], found: set[str] | None
) -> None:
    whole = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
    expected = {"a", "b", "ec2.amazonaws.com"} if found is None else found
    assert assumable_by({"Statement": whole}) == expected
