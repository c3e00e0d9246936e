from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.aws.judgement.patterns import Piece, UnknownPolicyElement, fold, matches, template
from tests.unit import strategies as some

PROVIDER = "vault.lab.test/v1/identity/oidc/plugins"
CONTEXT = fold(
    {
        "aws:username": ("alice",),
        "aws:PrincipalTag/Team": ("blue",),
        "aws:PrincipalTag/star": ("*",),
        "aws:TagKeys": ("one", "two"),
        "aws:sourceIdentity": (),
        f"{PROVIDER}:sub": ("plugin-identity:root:secret:aws_1",),
    }
)
NO_BRACKETS = st.text(alphabet="ab*?:/.-\n", max_size=12)


def wild(text: str) -> tuple[Piece, ...]:
    return (Piece(text, literal=False),)


def resolved(text: str, *, variables: bool = True) -> str | None:
    pieces = template(text, variables=variables).resolve(CONTEXT)
    return None if pieces is None else "".join(piece.text for piece in pieces)


@example(value="a\nb", pattern="a?b")
@example(value="a\nb", pattern="a*")
@given(value=st.text(alphabet="ab:/.-\n", max_size=12), pattern=NO_BRACKETS)
def test_wildcards_in_text_mean_what_they_mean_to_fnmatch(value: str, pattern: str) -> None:
    assert matches(value, wild(pattern)) is fnmatchcase(value, pattern)


@given(value=st.text(some.characters, max_size=20))
def test_a_literal_matches_itself_and_nothing_longer(value: str) -> None:
    pieces = (Piece(value, literal=True),)
    assert matches(value, pieces)
    assert not matches(value + "x", pieces)


@given(value=st.text(alphabet="ab:/", max_size=20))
@pytest.mark.parametrize("style", ["text", "arn", "resource"])
def test_a_pattern_without_wildcards_is_an_equality_in_every_style(value: str, style: str) -> None:
    assert matches(value, wild(value), style)  # type: ignore[arg-type]  # parametrised literal
    assert not matches(f"{value}.", wild(value), style)  # type: ignore[arg-type]  # the same


@pytest.mark.parametrize("character", list("[]().+^$\\{}|"))
def test_only_the_asterisk_and_the_question_mark_are_wildcards(character: str) -> None:
    assert matches(character, wild(character))
    assert not matches("a", wild(f"[a]{character}"))


# The example of "ARN condition operators", and the sentence on wildcards of "Resource".
@pytest.mark.parametrize(
    ("pattern", "value", "text", "arn", "resource"),
    [
        (
            "arn:aws:someservice:*:111122223333:finance/*",
            "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/doc.txt",
            True,
            False,
            True,
        ),
        ("arn:aws:iam::1*2:user/x", "arn:aws:iam::1:2:user/x", True, False, False),
        ("arn:aws:iam::1?2:user/x", "arn:aws:iam::1:2:user/x", True, False, False),
        ("arn:aws:iam::1*:user/x", "arn:aws:iam::12:user/x", True, True, True),
        ("arn:aws:iam::1:user/*/x", "arn:aws:iam::1:user/a/b:c/x", True, True, True),
        ("arn:aws:iam::1:user/?", "arn:aws:iam::1:user/:", True, True, True),
        ("arn:aws:iam::*", "arn:aws:iam::1:user/x", True, False, True),
        ("*", "arn:aws:iam::1:user/x", True, False, True),
    ],
)
def test_each_style_says_how_far_a_wildcard_reaches(
    pattern: str, value: str, *, text: bool, arn: bool, resource: bool
) -> None:
    assert matches(value, wild(pattern), "text") is text
    assert matches(value, wild(pattern), "arn") is arn
    assert matches(value, wild(pattern), "resource") is resource


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user/${aws:username}", "user/alice"),
        ("user/${AWS:UserName}", "user/alice"),
        ("${aws:PrincipalTag/team}-${aws:username}", "blue-alice"),
        (f"${{{PROVIDER}:sub}}", "plugin-identity:root:secret:aws_1"),
        ("${aws:PrincipalTag/none, 'company-wide'}", "company-wide"),
        ("${aws:PrincipalTag/none , 'a b'}", "a b"),
        ("${aws:PrincipalTag/none, ''}", ""),
        ("${aws:PrincipalTag/Team, 'company-wide'}", "blue"),
        ("${aws:PrincipalTag/none}", None),
        ("${aws:username}${aws:userid}", None),
        ("${*}${?}${$}", "*?$"),
        ("costs $5 {}", "costs $5 {}"),
        ("plain", "plain"),
    ],
)
def test_a_variable_stands_for_the_value_of_its_key(text: str, expected: str | None) -> None:
    assert resolved(text) == expected


@pytest.mark.parametrize("key", ["aws:TagKeys", "aws:SourceIdentity"])
def test_a_key_without_exactly_one_value_cannot_stand_for_a_variable(key: str) -> None:
    values = {key.lower(): CONTEXT[key.lower()]}
    assert template("${sts:Whatever}", variables=True).resolve(values) is None
    assert template("${x:y}", variables=True).resolve({"x:y": values[key.lower()]}) is None


def test_before_2012_a_variable_is_only_text() -> None:
    assert resolved("user/${aws:username}", variables=False) == "user/${aws:username}"
    assert resolved("${anything at all", variables=False) == "${anything at all"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("${*}", "*", True),
        ("${*}", "a", False),
        ("${?}x", "ax", False),
        ("a*${*}", "abc*", True),
        ("a*${*}", "abc", False),
        ("${aws:PrincipalTag/star}", "anything", False),
        ("${aws:PrincipalTag/star}", "*", True),
        ("${aws:PrincipalTag/none, '*'}", "anything", False),
    ],
)
def test_what_a_variable_fills_in_is_never_a_wildcard(
    text: str, value: str, *, expected: bool
) -> None:
    pieces = template(text, variables=True).resolve(CONTEXT)
    assert pieces is not None
    assert matches(value, pieces) is expected


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "a${aws:username",
        "${}",
        "${username}",
        "${aws:usrname}",
        "${aws:username,alice}",
        "${aws:username, alice}",
        "${aws:username, 'alice}",
        "${aws:TagKeys}",
        "${${aws:username}}",
    ],
)
def test_a_malformed_or_unknown_variable_is_refused_loudly(text: str) -> None:
    with pytest.raises(UnknownPolicyElement, match="variable"):
        template(text, variables=True)


def test_context_keys_have_no_case() -> None:
    assert fold({"AWS:UserName": ("a",), f"{PROVIDER}:AUD": ()}) == {
        "aws:username": ("a",),
        f"{PROVIDER}:aud": (),
    }
