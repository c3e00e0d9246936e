from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.aws.judgement.conditions import OPERATORS, parse_conditions
from lab.aws.judgement.patterns import UnknownPolicyElement, fold

ARN = "arn:aws:iam::123456789012:role/app"
NEGATED = frozenset(name for name in OPERATORS if "Not" in name)
POSITIVE = OPERATORS - NEGATED - {"Null"}
VALID = {
    "String": "x",
    "Arn": ARN,
    "Bool": "true",
    "Binary": "QmluYXJ5",
    "Numeric": "1",
    "Date": "2026-01-01",
}
"""A value that every operator of a family understands."""


def valid(name: str) -> str:
    return next((value for family, value in VALID.items() if name.startswith(family)), "10.0.0.0/8")


def holds(
    name: str, policy: object, *request: str, key: str = "k:k", variables: bool = True, **more: str
) -> bool:
    context = {"k:k": request, **{f"aws:{name}": (value,) for name, value in more.items()}}
    conditions = parse_conditions({name: {key: policy}}, variables=variables)
    return all(condition.holds(fold(context)) for condition in conditions)


@pytest.mark.parametrize(
    ("name", "policy", "request_value", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a", "b"], "c", False),
        ("StringEquals", [], "a", False),
        ("StringEquals", 5, "5", True),
        ("StringEquals", True, "true", True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIgnoreCase", "aB", "Ab", True),
        ("StringEqualsIgnoreCase", "aB", "Abc", False),
        ("StringNotEqualsIgnoreCase", "aB", "Ab", False),
        ("StringNotEqualsIgnoreCase", "aB", "c", True),
        ("StringLike", "a*c?", "abbbcd", True),
        ("StringLike", "a*c?", "abbbc", False),
        ("StringLike", "A*", "abc", False),
        ("StringNotLike", "a*", "abc", False),
        ("StringNotLike", "a*", "bc", True),
        ("ArnEquals", ARN, ARN, True),
        ("ArnEquals", "arn:aws:iam::*:role/*", ARN, True),
        ("ArnLike", "arn:aws:iam::*:role/a?p", ARN, True),
        ("ArnLike", "arn:aws:iam::*:role/A*", ARN, False),
        ("ArnLike", "arn:aws:*:role/app", ARN, False),
        ("ArnLike", "*", ARN, False),
        ("ArnLike", "app", "app", False),
        ("ArnLike", "arn:aws:iam::*:role/*", "not an arn", False),
        ("ArnNotEquals", "arn:aws:iam::*:role/*", ARN, False),
        ("ArnNotLike", "arn:aws:iam::*:user/*", ARN, True),
        ("Bool", "true", "true", True),
        ("Bool", "True", "true", True),
        ("Bool", True, "true", True),
        ("Bool", False, "true", False),
        ("Bool", "false", "maybe", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", 10, "10", True),
        ("NumericEquals", "10", "eleven", False),
        ("NumericEquals", "10", "NaN", False),
        ("NumericNotEquals", "10", "11", True),
        ("NumericNotEquals", "10", "10", False),
        ("NumericLessThan", "10", "9.99", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericLessThanEquals", "10", "11", False),
        ("NumericGreaterThan", "10", "11", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
        ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("DateEquals", "2026-01-01", "yesterday", False),
        ("DateNotEquals", "2026-01-01", "2026-01-02", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "1767225601", True),
        ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "1767225600", True),
        ("DateLessThan", "2026-02", "2026-01-31T23:59:59Z", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
        ("BinaryEquals", "QmluYXJ5", "no base64!", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
        ("IpAddress", "203.0.113.9", "203.0.113.9", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.9", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
        ("IpAddress", "203.0.113.0/24", "localhost", False),
        ("NotIpAddress", "203.0.113.0/24", "203.0.114.9", True),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", False),
    ],
)
def test_operators_compare_one_value(
    name: str, policy: object, request_value: str, *, expected: bool
) -> None:
    assert holds(name, policy, request_value) is expected


def test_a_date_without_a_zone_is_in_utc_wherever_the_laboratory_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert holds("DateEquals", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z")
    finally:
        monkeypatch.undo()
        time.tzset()


# "If the key that you specify in a policy condition is not present in the request context, the
# values do not match and the condition is false", and true where the operator is negated.
@pytest.mark.parametrize("name", sorted(POSITIVE))
def test_a_missing_key_makes_a_positive_operator_false(name: str) -> None:
    assert not holds(name, valid(name))
    assert not holds(name, valid(name), key="other:key")


@pytest.mark.parametrize("name", sorted(NEGATED))
def test_a_missing_key_makes_a_negated_operator_true(name: str) -> None:
    assert holds(name, valid(name))


@pytest.mark.parametrize("name", sorted(POSITIVE | NEGATED))
def test_if_exists_holds_for_a_missing_key_and_changes_nothing_for_one_that_is_there(
    name: str,
) -> None:
    assert holds(f"{name}IfExists", valid(name))
    for value in (valid(name).removesuffix("/8"), "something else"):
        assert holds(f"{name}IfExists", valid(name), value) is holds(name, valid(name), value)


@pytest.mark.parametrize(
    ("policy", "request_values", "expected"),
    [
        ("true", (), True),
        ("true", ("a",), False),
        ("false", (), False),
        ("false", ("a",), True),
        (False, ("a", "b"), True),
        (["true", "false"], (), True),
    ],
)
def test_null_asks_whether_the_key_is_absent(
    policy: object, request_values: tuple[str, ...], *, expected: bool
) -> None:
    assert holds("Null", policy, *request_values) is expected


# "Single-valued vs. multivalued context keys": set operators and their empty sets.
@pytest.mark.parametrize(
    ("name", "request_values", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a",), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringEquals", (), True),
        ("ForAllValues:StringEquals", ("",), True),
        ("ForAllValues:StringEqualsIfExists", (), True),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("c", "a"), False),
        ("ForAllValues:StringNotEquals", (), True),
        ("ForAnyValue:StringEquals", ("c", "a"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAnyValue:StringEquals", (), False),
        ("ForAnyValue:StringEqualsIfExists", (), False),
        ("ForAnyValue:StringEqualsIfExists", ("c", "a"), True),
        ("ForAnyValue:StringEquals", ("",), False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("ForAnyValue:StringNotEquals", (), False),
        ("StringEquals", ("c", "a"), True),
        ("StringNotEquals", ("c", "a"), False),
    ],
)
def test_set_operators_look_at_every_value_of_the_request(
    name: str, request_values: tuple[str, ...], *, expected: bool
) -> None:
    assert holds(name, ["a", "b"], *request_values) is expected


VALUES = st.lists(st.sampled_from("abc"), max_size=4)


@given(policy=VALUES, request_values=VALUES)
def test_the_set_operators_are_each_others_negation(
    policy: list[str], request_values: list[str]
) -> None:
    assert holds("ForAllValues:StringEquals", policy, *request_values) is not holds(
        "ForAnyValue:StringNotEquals", policy, *request_values
    )
    assert holds("ForAnyValue:StringEquals", policy, *request_values) is not holds(
        "ForAllValues:StringNotEquals", policy, *request_values
    )


@given(policy=VALUES, request_values=VALUES)
def test_a_negated_operator_answers_the_opposite_of_the_positive_one(
    policy: list[str], request_values: list[str]
) -> None:
    assert holds("StringEquals", policy, *request_values) is not holds(
        "StringNotEquals", policy, *request_values
    )


def test_a_condition_key_has_no_case_and_its_value_has() -> None:
    assert holds("StringEquals", "a", "a", key="K:K")
    assert not holds("StringEquals", "A", "a", key="K:K")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"StringEquals": {"k:one": "1"}, "StringLike": {"k:two": "2*"}}, True),
        ({"StringEquals": {"k:one": "1", "k:two": "22"}}, True),
        ({"StringEquals": {"k:one": "1", "k:two": "no"}}, False),
        ({"StringEquals": {"k:one": "1"}, "StringLike": {"k:two": "no"}}, False),
        ({"StringEquals": {}}, True),
    ],
)
def test_all_operators_and_all_keys_must_hold(
    conditions: dict[str, Any], *, expected: bool
) -> None:
    context = fold({"k:one": ("1",), "k:two": ("22",)})
    parsed = parse_conditions(conditions, variables=True)
    assert all(condition.holds(context) for condition in parsed) is expected


# The key of an identity provider carries no scheme, so a condition that writes one asks for a key
# that no request has.
def test_a_condition_key_with_a_scheme_is_never_in_the_request() -> None:
    issuer = "vault.lab.test/v1/identity/oidc/plugins"
    context = fold({f"{issuer}:aud": ("vault-aws-secrets",)})

    def asks(key: str) -> bool:
        block = {"StringEquals": {key: "vault-aws-secrets"}}
        (condition,) = parse_conditions(block, variables=True)
        return condition.holds(context)

    assert asks(f"{issuer}:aud")
    assert not asks(f"https://{issuer}:aud")


# "Policy variables with no value".
@pytest.mark.parametrize(
    ("name", "policy", "expected"),
    [
        ("StringEquals", "${aws:username}", True),
        ("StringLike", "${aws:username}*", True),
        ("StringNotEquals", "${aws:username}", False),
        ("StringEquals", "${aws:userid}", False),
        ("StringLike", "${aws:userid}*", False),
        ("StringNotEquals", "${aws:userid}", True),
        ("StringNotLike", "*${aws:userid}*", True),
        ("StringEquals", ["${aws:userid}", "alice"], True),
        ("StringEquals", "${aws:userid, 'alice'}", True),
    ],
)
def test_a_variable_without_a_value_equals_nothing(
    name: str, policy: object, *, expected: bool
) -> None:
    assert holds(name, policy, "alice", username="alice") is expected


def test_variables_stand_in_arns_too() -> None:
    policy = "arn:aws:iam::*:role/${aws:username}"
    assert holds("ArnLike", policy, ARN, username="app")
    assert not holds("ArnLike", policy, ARN, username="a*")


def test_before_2012_a_variable_in_a_condition_is_only_text() -> None:
    assert not holds("StringEquals", "${aws:username}", "a", username="a", variables=False)
    assert holds("StringEquals", "${aws:username}", "${aws:username}", variables=False)


@pytest.mark.parametrize(
    "name",
    [
        "StringMatches",
        "stringequals",
        "ForEachValue:StringEquals",
        "ForAllValues:",
        "StringEqualsIfExistsIfExists",
        "NullIfExists",
        "ForAllValues:Null",
        "ForAnyValue:Null",
        "",
        "IfExists",
    ],
)
def test_an_operator_or_modifier_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(UnknownPolicyElement):
        parse_conditions({name: {"k:k": "true"}}, variables=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Bool", "yes"),
        ("Bool", "${aws:SecureTransport}"),
        ("Null", "maybe"),
        ("NumericEquals", "ten"),
        ("NumericEquals", "Infinity"),
        ("NumericLessThan", "${aws:EpochTime}"),
        ("DateLessThan", "2026"[:3] + "x"),
        ("DateLessThan", "2026-13-01"),
        ("DateLessThan", "9" * 30),
        ("BinaryEquals", "no base64!"),
        ("IpAddress", "10.0.0.1/8"),
        ("IpAddress", "lab.test"),
        ("StringEquals", None),
        ("StringEquals", {"nested": "object"}),
        ("StringEquals", [["nested list"]]),
        ("StringEquals", "${aws:nonsense}"),
    ],
)
def test_a_value_that_the_operator_cannot_read_is_refused(name: str, value: object) -> None:
    with pytest.raises(UnknownPolicyElement):
        parse_conditions({name: {"k:k": value}}, variables=True)


@pytest.mark.parametrize("block", ["text", [], None, {"StringEquals": "k"}, {"StringEquals": []}])
def test_a_condition_that_is_no_object_of_objects_is_refused(block: object) -> None:
    with pytest.raises(UnknownPolicyElement, match="JSON object"):
        parse_conditions(block, variables=True)


def test_a_refusal_names_the_operator_the_value_and_what_is_known() -> None:
    with pytest.raises(UnknownPolicyElement, match=r"'StringMatches'; known are ArnEquals, .*Like"):
        parse_conditions({"StringMatches": {"k:k": "v"}}, variables=True)
    with pytest.raises(UnknownPolicyElement, match="Bool on k:k: 'yes' is neither true nor false"):
        parse_conditions({"Bool": {"k:k": "yes"}}, variables=True)
