import json
from typing import Any

import pytest

from federation import documents

SOUND: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "One",
            "Effect": "Allow",
            "Action": ["iam:GetUser", "s3:Get*"],
            "Resource": "arn:aws:iam::*:user/${aws:username}",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
        }
    ],
}

OPERATORS = (
    "known are Null, and also with IfExists or after ForAllValues: or ForAnyValue: StringEquals, "
    "StringNotEquals, StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, "
    "StringNotLike, NumericEquals, NumericNotEquals, NumericLessThan, NumericLessThanEquals, "
    "NumericGreaterThan, NumericGreaterThanEquals, DateEquals, DateNotEquals, DateLessThan, "
    "DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals, Bool, BinaryEquals, IpAddress, "
    "NotIpAddress, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike"
)


def statement(**changes: object) -> dict[str, Any]:
    changed = SOUND["Statement"][0] | changes
    return SOUND | {"Statement": [{key: value for key, value in changed.items() if value != ""}]}


def test_a_sound_policy_is_returned_as_it_is() -> None:
    assert documents.parse(json.dumps(SOUND)) == SOUND


@pytest.mark.parametrize(
    "sound",
    [
        SOUND | {"Statement": SOUND["Statement"][0]},
        SOUND | {"Id": "x"},
        statement(Resource="", NotResource="*"),
        statement(Action="", NotAction="iam:*"),
        statement(Action="*", Effect="Deny", Sid="", Condition=""),
        statement(Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": "a*"}}),
        statement(Condition={"Null": {"aws:TokenIssueTime": "true"}}),
        statement(Condition={"NumericLessThanEquals": {"s3:max-keys": "1"}}),
    ],
)
def test_every_form_of_the_grammar_is_taken(sound: dict[str, Any]) -> None:
    assert documents.parse(json.dumps(sound)) == sound


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ([], "must be a JSON object"),
        (
            SOUND | {"Version": "2008-10-17"},
            (
                'Version must be "2012-10-17"; under "2008-10-17" policy variables such as '
                "${aws:username} are plain text, and match nothing"
            ),
        ),
        (
            {"Statement": SOUND["Statement"]},
            (
                'Version must be "2012-10-17"; without one it is "2008-10-17", where policy '
                "variables such as ${aws:username} are plain text, and match nothing"
            ),
        ),
        (SOUND | {"Version": "2013-01-01"}, 'Version must be "2012-10-17"'),
        (SOUND | {"Statement": []}, "Statement must be an object or a list with at least one"),
        (SOUND | {"Statement": ["x"]}, "statement 1: must be an object"),
        (SOUND | {"Statements": []}, "unknown element 'Statements'"),
        (SOUND | {"Statement": SOUND["Statement"] * 2}, "the Sid 'One' is there twice"),
        (statement(Sid="a b"), "statement 1: Sid must be letters and digits"),
        (statement(Effect="allow"), "statement 1: Effect must be Allow or Deny"),
        (
            statement(Principal="*"),
            "statement 1: unknown element 'Principal'; only resource policies name one",
        ),
        (statement(Actions="x"), "statement 1: unknown element 'Actions'"),
        (statement(Action=""), "statement 1: must have either Action or NotAction"),
        (statement(NotAction="iam:*"), "statement 1: must have either Action or NotAction"),
        (
            statement(Action="GetUser"),
            'statement 1: Action must be such as iam:GetUser, or a list of such, not "GetUser"',
        ),
        (
            statement(Action=[]),
            "statement 1: Action must be such as iam:GetUser, or a list of such; it is empty",
        ),
        (
            statement(Resource=["arn:aws:iam"]),
            'statement 1: Resource must be an ARN or *, or a list of such, not "arn:aws:iam"',
        ),
        (
            statement(Resource="arn:aws:iam:*:user/x"),
            (
                "statement 1: Resource must be an ARN or *, or a list of such, not "
                '"arn:aws:iam:*:user/x"'
            ),
        ),
        (
            statement(Condition={"StringEqual": {"a": "b"}}),
            (
                "statement 1: unknown condition operator 'StringEqual'; did you mean "
                f"StringEquals? {OPERATORS}"
            ),
        ),
        (
            statement(Condition={"ForAnyValue:ArnLikesIfExists": {"a": "b"}}),
            (
                "statement 1: unknown condition operator 'ForAnyValue:ArnLikesIfExists'; "
                f"did you mean ArnLike? {OPERATORS}"
            ),
        ),
        (
            statement(Condition={"x": {"a": "b"}}),
            f"statement 1: unknown condition operator 'x'; {OPERATORS}",
        ),
        (
            statement(Condition={"Bool": {}}),
            "statement 1: condition 'Bool' must be an object of keys and values",
        ),
        (statement(Condition=["x"]), "statement 1: Condition must be an object"),
        (statement(Sid="", Effect="Allow", Action="iam:Ж*"), "holds 'Ж'"),
    ],
)
def test_what_iam_would_not_take_is_refused(wrong: object, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^") as refusal:
        documents.parse(json.dumps(wrong, ensure_ascii=False))
    assert str(refusal.value) == problem or str(refusal.value).startswith(f"{problem};")


def test_text_that_is_no_json_is_named_by_its_line_and_not_quoted() -> None:
    with pytest.raises(ValueError, match=r"^not JSON: Expecting value in line 2$"):
        documents.parse('{"Version":\nsecret}')


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the key 'Effect' is there twice in one object$"):
        documents.parse('{"Statement": [{"Effect": "Deny", "Effect": "Allow"}]}')


def test_every_problem_is_named_at_once() -> None:
    wrong = statement(Effect="x", Action="y") | {"Version": "1"}
    with pytest.raises(ValueError, match=r"^") as refusal:
        documents.parse(json.dumps(wrong))
    assert str(refusal.value) == (
        'Version must be "2012-10-17"; statement 1: Effect must be Allow or Deny; '
        'statement 1: Action must be such as iam:GetUser, or a list of such, not "y"'
    )


def test_blanks_do_not_count() -> None:
    assert documents.size({"a": "b c", "d": ["e"]}) == len('{"a":"bc","d":["e"]}')
