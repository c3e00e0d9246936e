"""Text inside a policy, as IAM reads it: wildcards and policy variables.

Sources, both in the IAM User Guide: "IAM policy elements: Variables and tags" and "IAM JSON policy
elements: Resource" (section "Using wildcards in resource ARNs").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Style = Literal["text", "arn", "resource"]
"""How far a wildcard reaches: over everything, within one part of an ARN, or as in Resource."""

_ARN_COLONS = 5
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_KEY_AND_DEFAULT = re.compile(r"(?P<key>[\w:/.=+@ -]+?)(?:\s*,\s*'(?P<default>[^']*)')?")
_SPECIAL_CHARACTERS = frozenset("*?$")
_GLOBAL_KEYS = frozenset(
    {
        "aws:assumedroot",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:chatbotsourcearn",
        "aws:currenttime",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpcsourceip",
    }
)
"""IAM User Guide, "AWS global condition context keys": those with one value."""
_GLOBAL_TAG_KEYS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


class UnknownPolicyElement(ValueError):  # noqa: N818 - what it names is the element
    """A policy uses something this evaluator does not know; it is refused, never ignored."""


@dataclass(frozen=True)
class Piece:
    """Text whose ``*`` and ``?`` are wildcards, unless it is ``literal``."""

    text: str
    literal: bool


@dataclass(frozen=True)
class Variable:
    """A condition key whose value stands in the text; keys are compared without case."""

    key: str
    default: str | None


@dataclass(frozen=True)
class Template:
    """One string of a policy, its variables still open."""

    parts: tuple[Piece | Variable, ...]

    def resolve(self, context: Mapping[str, Sequence[str]]) -> tuple[Piece, ...] | None:
        """Fill in the variables; None where one has no value, which then equals nothing.

        Only a key with exactly one value can stand for a variable ("Single-valued vs. multivalued
        context keys"). What is filled in is literal: a value cannot smuggle a wildcard in.
        """
        pieces = []
        for part in self.parts:
            if isinstance(part, Piece):
                pieces.append(part)
                continue
            match context.get(part.key, ()):
                case [value]:
                    pieces.append(Piece(value, literal=True))
                case _ if part.default is not None:
                    pieces.append(Piece(part.default, literal=True))
                case _:
                    return None
        return tuple(pieces)


def fold(context: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the context by lower-case key: condition keys have no case ("Condition")."""
    return {key.lower(): values for key, values in context.items()}


@lru_cache(maxsize=4_096)
def template(text: str, *, variables: bool) -> Template:
    """Read one string of a policy; ``variables`` is false for the language before 2012-10-17.

    Raises:
        UnknownPolicyElement: a variable that is malformed or names no known key.
    """
    if not variables:
        return Template((Piece(text, literal=False),))
    parts: list[Piece | Variable] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        parts += [Piece(text[position : found.start()], literal=False), _variable(found[1], text)]
        position = found.end()
    rest = text[position:]
    if "${" in rest:
        raise UnknownPolicyElement(f"policy variable without a closing brace in {text!r}")
    return Template((*parts, Piece(rest, literal=False)))


def text_of(pieces: Sequence[Piece]) -> str:
    """Return the text as it stands, for operators that know no wildcard."""
    return "".join(piece.text for piece in pieces)


def matches(value: str, pieces: Sequence[Piece], style: Style = "text") -> bool:
    """Say whether the whole ``value`` is what ``pieces`` describe, case-sensitively.

    In the first five parts of an ARN a wildcard stays within its part ("ARN condition operators");
    only in Resource may a ``*`` that ends a part run on past the colon.
    """
    return _expression(tuple(pieces), style).fullmatch(value) is not None


# A policy is asked about many actions and resources.
@lru_cache(maxsize=4_096)
def _expression(pieces: tuple[Piece, ...], style: Style) -> re.Pattern[str]:
    text = text_of(pieces)
    literal = [piece.literal for piece in pieces for _ in piece.text]
    expression = []
    colons = _ARN_COLONS if style == "text" else 0
    for index, character in enumerate(text):
        colons += character == ":"
        anything = "." if colons >= _ARN_COLONS else "[^:]"
        if literal[index] or character not in "*?":
            expression.append(re.escape(character))
        elif character == "?":
            expression.append(anything)
        else:
            ends_part = text[index + 1 : index + 2] in ("", ":")
            expression.append(".*" if style == "resource" and ends_part else f"{anything}*")
    return re.compile("".join(expression), re.DOTALL)


def is_arn_shaped(pieces: Sequence[Piece]) -> bool:
    """Say whether the text has the six parts of an ARN."""
    return text_of(pieces).count(":") >= _ARN_COLONS


def _variable(body: str, text: str) -> Piece | Variable:
    if body in _SPECIAL_CHARACTERS:
        return Piece(body, literal=True)
    found = _KEY_AND_DEFAULT.fullmatch(body)
    if found is None or ":" not in found["key"]:
        raise UnknownPolicyElement(
            f"malformed policy variable ${{{body}}} in {text!r}; "
            "write ${key}, ${key, 'default'}, ${*}, ${?} or ${$}"
        )
    key = found["key"].lower()
    is_known = key in _GLOBAL_KEYS or key.startswith(_GLOBAL_TAG_KEYS)
    if key.startswith("aws:") and not is_known:
        raise UnknownPolicyElement(
            f"unknown policy variable ${{{body}}} in {text!r}; known are the tag keys and "
            + ", ".join(sorted(_GLOBAL_KEYS))
        )
    return Variable(key, found["default"])
