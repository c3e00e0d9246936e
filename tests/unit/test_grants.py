from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.grants import Grant, allows, beyond, grants, reads, vault_paths

ACTIONS = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "iam:GetUser"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b", "arn:aws:s3:::?/b"])
GRANTS = st.lists(
    st.builds(
        Grant,
        action=ACTIONS,
        resource=RESOURCES,
        condition=st.sampled_from(["", '{"Bool": {"aws:SecureTransport": "true"}}']),
        denies=st.booleans(),
    )
)


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of others
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _said(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [str(grant) for grant in beyond(grants([before]), grants([after]))]


def test_each_action_on_each_resource_is_a_grant() -> None:
    found = grants([_policy(_allow(["iam:GetUser", "iam:GetRole"], ["a", "b"]))])
    assert [(grant.action, grant.resource) for grant in found] == [
        ("iam:GetUser", "a"),
        ("iam:GetUser", "b"),
        ("iam:GetRole", "a"),
        ("iam:GetRole", "b"),
    ]


def test_a_single_statement_needs_no_list() -> None:
    assert [str(each) for each in grants([{"Statement": _allow("s3:GetObject")}])] == [
        "s3:GetObject on *"
    ]


@pytest.mark.parametrize(
    ("before", "after", "gained"),
    [
        (_allow("s3:GetObject"), _allow(["s3:GetObject", "s3:PutObject"]), ["s3:PutObject on *"]),
        (_allow("s3:GetObject", "arn:a"), _allow("s3:GetObject", "*"), ["s3:GetObject on *"]),
        (_allow("s3:*"), _allow("s3:GetObject"), []),
        (_allow("S3:getobject"), _allow("s3:GetObject"), []),
        (_allow("s3:Get?bject"), _allow("s3:Get*"), ["s3:Get* on *"]),
        (_allow("s3:GetObject", "arn:x/*"), _allow("s3:GetObject", "arn:x/y"), []),
        (
            _allow("s3:GetObject", "arn:X"),
            _allow("s3:GetObject", "arn:x"),
            ["s3:GetObject on arn:x"],
        ),
        (_allow("s3:A", Condition={"Bool": {"k": "true"}}), _allow("s3:A"), ["s3:A on *"]),
        (_allow("s3:A"), _allow("s3:A", Condition={"Bool": {"k": "true"}}), []),
        (
            _allow("s3:GetObject"),
            {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
            ["everything but iam:* on *"],
        ),
        (_allow("*"), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, []),
    ],
)
def test_what_is_gained_is_what_nothing_before_took_in(
    before: dict[str, Any], after: dict[str, Any], gained: list[str]
) -> None:
    assert _said(_policy(before), _policy(after)) == gained


def test_a_denial_that_goes_is_a_gain_and_one_that_comes_is_none() -> None:
    denied = _policy(_allow("s3:*"), {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"})
    free = _policy(_allow("s3:*"))
    (gain,) = beyond(grants([denied]), grants([free]))
    assert gain.denies
    assert gain.action == "s3:Put*"
    assert beyond(grants([free]), grants([denied])) == []


@given(GRANTS, GRANTS)
def test_nothing_is_gained_that_was_there(before: list[Grant], after: list[Grant]) -> None:
    assert beyond(after, after) == []
    assert beyond(before, [grant for grant in before if not grant.denies]) == [
        *dict.fromkeys(grant for grant in before if grant.denies)
    ]
    known = [grant for grant in before if not grant.denies]
    for gain in beyond(before, after):
        assert gain.denies or not any(grant.covers(gain) for grant in known)


@given(GRANTS)
def test_covering_is_transitive(found: list[Grant]) -> None:
    for first in found:
        assert first.covers(first)
        for second in found:
            for third in found:
                if first.covers(second) and second.covers(third):
                    assert first.covers(third)


def test_an_explicit_denial_beats_what_is_allowed() -> None:
    held = grants(
        [_policy(_allow("sts:*"), {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "b"})]
    )
    assert allows(held, "sts:AssumeRole", "a")
    assert not allows(held, "sts:AssumeRole", "b")
    assert not allows(held, "iam:GetUser", "a")
    assert not allows([], "sts:AssumeRole", "a")


POLICY = """
# comment with path "none" { }
path "aws/creds/my-role" { capabilities = ["read"] }
path "secret/*" {
  // nested braces say nothing of the path
  allowed_parameters = { capabilities = ["x"] }
  capabilities = ["create", "update"] /* both */
}
path "sys/\\"quoted\\"" {
  capabilities = []
}
"""


def test_a_policy_of_vault_is_read_in_both_its_languages() -> None:
    assert vault_paths(POLICY) == {
        "aws/creds/my-role": ("read",),
        "secret/*": ("create", "update"),
        'sys/"quoted"': (),
    }
    assert vault_paths('{"path": {"a/b": {"capabilities": ["list"]}}}') == {"a/b": ("list",)}
    assert vault_paths("") == {}


@pytest.mark.parametrize(
    "text",
    ['path "a" {', 'rule "a" { }', "path a b", 'path "a" { capabilities = "read" }', "§"],
)
def test_what_is_no_policy_of_vault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a Vault policy"):
        vault_paths(text)


@pytest.mark.parametrize(
    ("paths", "path", "reads_it"),
    [
        ({"aws/creds/a": ("read",)}, "aws/creds/a", True),
        ({"aws/creds/a": ("update",)}, "aws/creds/a", True),
        ({"aws/creds/a": ("list",)}, "aws/creds/a", False),
        ({"aws/creds/a": ("read",)}, "aws/creds/ab", False),
        ({"aws/creds/*": ("read",)}, "aws/creds/a", True),
        ({"aws/*": ("read",), "aws/creds/a": ("deny",)}, "aws/creds/a", False),
        ({"aws/*": ("deny",), "aws/creds/a": ("read",)}, "aws/creds/a", True),
        ({"+/creds/a": ("read",)}, "aws/creds/a", True),
        ({"+/creds/a": ("read",)}, "team/aws/creds/a", False),
        ({"aws/creds/a*": ("deny",), "+/creds/a": ("read",)}, "aws/creds/a", False),
    ],
)
def test_the_most_specific_path_decides(
    paths: dict[str, tuple[str, ...]],
    path: str,
    reads_it: bool,  # noqa: FBT001 - of a table
) -> None:
    assert reads(paths, path) is reads_it
