"""What Vault holds against what a state records, which write one thing in several ways."""

from __future__ import annotations

from typing import Any

import pytest

from federation.readback import FIELDS, differences, differing

ROLE = "vault:aws/secretBackendRole:SecretBackendRole"


def test_what_is_written_in_another_way_is_the_same() -> None:
    declared: dict[str, Any] = {
        "type": "iam_user",
        "policy": '{"Statement": [{"Action": "a", "Effect": "Allow"}]}',
        "arns": ["b", "a"],
        "unset": None,
        "empty": "",
        "ttl": 0,
        "claims": {"groups": "a,b"},
    }
    held = {
        "type": ["iam_user"],
        "policy": '{"Statement":[{"Effect":"Allow","Action":"a"}]}',
        "arns": ["a", "b"],
        "empty": [],
        "claims": {"groups": ["b", "a"]},
        "only theirs": 1,
    }
    assert differing(declared, held) == []


@pytest.mark.parametrize(
    ("declared", "held", "said"),
    [
        ("a", "b", "key is 'b', declared is 'a'"),
        ("a", None, "key is not set, declared is 'a'"),
        (None, "b", "key is 'b', declared is not set"),
        (900, 3600, "key is 3600, declared is 900"),
        (["a"], ["a", "b"], "key is ['a', 'b'], declared is ['a']"),
        ('{"a": 1}', '{"a": 2}', "key is '{\"a\": 2}', declared is '{\"a\": 1}'"),
        ({"groups": "a"}, {"groups": ["a", "b"]}, "declared is {'groups': 'a'}"),
    ],
)
def test_what_differs_is_said_with_both_values(declared: object, held: object, said: str) -> None:
    (told,) = differing({"key": declared}, {"key": held})
    assert said in told


def test_every_field_of_a_role_that_decides_something_is_compared() -> None:
    recorded: dict[str, Any] = dict.fromkeys(FIELDS[ROLE], "as declared")
    held = dict.fromkeys(FIELDS[ROLE].values(), "as declared")
    assert differences(ROLE, recorded, held) == []
    for field in FIELDS[ROLE].values():
        (told,) = differences(ROLE, recorded, held | {field: "otherwise"})
        assert told.startswith(f"{field} is 'otherwise'")
