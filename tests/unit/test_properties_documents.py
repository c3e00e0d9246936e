"""A policy file that is accepted is one that IAM takes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from federation import documents
from lab.aws.front.wire import ApiError
from lab.aws.judgement.documents import blank_free_length, check_identity_policy
from tests.unit import strategies as some

Tree = dict[str, Any]

actions = st.sampled_from(["iam:GetUser", "s3:Get*", "iam:?et*", "*", "iam:*"])
resources = st.sampled_from(
    ["*", "arn:aws:s3:::bucket/*", "arn:aws:iam::*:user/${aws:username}", "arn:aws:ec2:*:*:*/*"]
)
conditions = st.sampled_from(
    [
        {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
        {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": "a*"}},
        {"Null": {"aws:TokenIssueTime": "true"}, "Bool": {"aws:SecureTransport": False}},
        {"NumericLessThanEquals": {"s3:max-keys": 10}, "DateLessThan": {"aws:x": "2030-01-01"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}},
        {"BinaryEquals": {"aws:x": "QmluYXJ5"}, "NumericEqualsIfExists": {"aws:x": [1, 2.5, "3"]}},
        {"ForAnyValue:StringEqualsIfExists": {"aws:x": [True, 1, "x"]}},
    ]
)


def _one_or_more(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=2))


statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": _one_or_more(actions),
        "Resource": _one_or_more(resources),
    },
    optional={"Condition": conditions},
)
policies = st.fixed_dictionaries(
    {
        "Version": st.just("2012-10-17"),
        "Statement": st.one_of(statements, st.lists(statements, min_size=1, max_size=2)),
    }
)
junk: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["", "x", "*", "iam", "iam:", "arn:", "arn:aws:s3", "2008-10-17"]),
    st.sampled_from([None, True, 1, 1.5, [], {}, [None], ["x", 1], {"x": 1}, {"x": None}]),
    st.sampled_from(["Like", "StringEquals", "ForAnyValue:Null", "NullIfExists", "BoolEquals"]).map(
        lambda operator: {operator: {"aws:x": "true"}}
    ),
    st.sampled_from([None, [], {}, {"aws:x": None}, {"aws:x": {}}, {"aws:x": ["a", None]}]).map(
        lambda keys: {"StringEquals": keys}
    ),
)
places = st.sampled_from(
    ["Action", "NotAction", "Resource", "NotResource", "Condition", "Effect", "Sid", "Principal"]
)


STRICTER = ("must be an object of keys and values",)
"""What IAM takes and the settings refuse; see ``test_policy_agreement.py``."""


@st.composite
def _spoilt(draw: st.DrawFn) -> Any:  # noqa: ANN401 - hardly a policy
    """Return a policy with one thing in it that hardly belongs there."""
    policy: Any = copy.deepcopy(draw(policies))
    where = draw(st.sampled_from(["nowhere", "policy", "statement", "statement", "statement"]))
    if where == "policy":
        policy[draw(st.sampled_from(["Version", "Statement", "Id", "Statements"]))] = draw(junk)
    elif where == "statement":
        found = policy["Statement"]
        statement = found if isinstance(found, dict) else found[-1]
        place = draw(places)
        if draw(st.booleans()):
            statement[place] = draw(junk)
        else:
            statement.pop(place, None)
    return policy


@tried(max_examples=400)
@given(policy=_spoilt())
def test_what_is_accepted_iam_takes_and_nothing_else(policy: Tree) -> None:
    text = json.dumps(policy)
    try:
        assert documents.parse(text) == policy
    except ValueError as error:
        if not any(reason in str(error) for reason in STRICTER):
            with pytest.raises(ApiError):
                check_identity_policy(text)
    else:
        check_identity_policy(text)


@given(policy=policies)
def test_what_is_right_is_accepted(policy: Tree) -> None:
    text = json.dumps(policy, indent=2)
    assert documents.parse(text) == policy
    assert documents.size(policy) == blank_free_length(json.dumps(policy, ensure_ascii=False))


@given(text=st.text(some.characters, max_size=40), policy=policies)
def test_what_is_no_policy_is_refused_and_never_fails_otherwise(text: str, policy: Tree) -> None:
    whole = json.dumps(policy)
    for wrong in (text, whole[: len(text)], f"[{whole}]", whole + text, text + whole):
        assume(wrong.strip() != whole)
        with pytest.raises(ValueError, match=r"not JSON|must be|Statement"):
            documents.parse(wrong)
