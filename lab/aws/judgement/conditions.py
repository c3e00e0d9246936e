"""The Condition element: every operator and modifier, as the IAM User Guide documents them.

Sources: "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values" and "Single-valued vs. multivalued context keys" (set operators).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, TypeVar

from lab.aws.judgement.patterns import (
    Piece,
    Template,
    UnknownPolicyElement,
    is_arn_shaped,
    matches,
    template,
    text_of,
)

Context = Mapping[str, tuple[str, ...]]
"""Values by lower-case condition key; a key that is missing, or has no value, is null."""

_MONTH = re.compile(r"\d{4}-\d{2}")
"""The one form of a date of the W3C's profile of ISO 8601 that Python does not read."""
_T = TypeVar("_T")
_NAME = re.compile(r"(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>\w+?)(?P<if>IfExists)?")


class Operand(Protocol):
    """One value of a condition, as the policy wrote it."""

    def accepts(self, value: str, context: Context) -> bool:
        """Say whether a value of the request matches."""


class Condition(Protocol):
    """One operator on one condition key."""

    @property
    def description(self) -> str:
        """The operator and the key as the policy wrote them."""

    def holds(self, context: Context) -> bool:
        """Say whether the request satisfies this condition."""


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """Compares a key's values with the policy's; ``negated`` turns the answer round."""

    description: str
    key: str
    operands: tuple[Operand, ...]
    negated: bool
    quantifier: str | None
    if_exists: bool

    def holds(self, context: Context) -> bool:
        values = context.get(self.key, ())
        match self.quantifier:
            case "ForAllValues":
                return all(self._accepts(value, context) for value in values if value)
            case "ForAnyValue":
                # With IfExists too: asked of AWS itself, a missing key is a no (AWS re:Post,
                # "ForAnyValue:StringEqualsIfExists behaving unexpectedly").
                return any(self._accepts(value, context) for value in values if value)
        if not values:
            return self.if_exists or self.negated
        found = any(
            operand.accepts(value, context) for value in values for operand in self.operands
        )
        return found is not self.negated

    def _accepts(self, value: str, context: Context) -> bool:
        found = any(operand.accepts(value, context) for operand in self.operands)
        return found is not self.negated


@dataclass(frozen=True, kw_only=True)
class _Presence:
    """The Null operator: whether the key is absent."""

    description: str
    key: str
    absent: frozenset[bool]

    def holds(self, context: Context) -> bool:
        return (not context.get(self.key)) in self.absent


@dataclass(frozen=True)
class _Text:
    """A string or an ARN, in which policy variables may stand."""

    template: Template
    compare: Callable[[str, Sequence[Piece]], bool]

    def accepts(self, value: str, context: Context) -> bool:
        pieces = self.template.resolve(context)
        return pieces is not None and self.compare(value, pieces)


@dataclass(frozen=True)
class _Typed:
    """A number, a date, a boolean or an address; a request value that is none never matches."""

    expected: Any
    read: Callable[[str], Any]
    compare: Callable[[Any, Any], bool]

    def accepts(self, value: str, context: Context) -> bool:  # noqa: ARG002 - no variables here
        try:
            return bool(self.compare(self.read(value), self.expected))
        except ValueError:
            return False


_Build = Callable[[str, bool], Operand]
"""Makes an operand from the policy's text; the flag says whether variables are understood."""


def _text(compare: Callable[[str, Sequence[Piece]], bool]) -> _Build:
    return lambda text, variables: _Text(template(text, variables=variables), compare)


def _typed(
    read: Callable[[str], Any],
    compare: Callable[[Any, Any], bool],
    read_expected: Callable[[str], Any] | None = None,
) -> _Build:
    return lambda text, _variables: _Typed((read_expected or read)(text), read, compare)


def _equals(value: str, pieces: Sequence[Piece]) -> bool:
    return value == text_of(pieces)


def _equals_ignoring_case(value: str, pieces: Sequence[Piece]) -> bool:
    return value.casefold() == text_of(pieces).casefold()


def _arn_like(value: str, pieces: Sequence[Piece]) -> bool:
    return is_arn_shaped(pieces) and matches(value, pieces, "arn")


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a number")
    return number


def _moment(text: str) -> datetime:
    """Read an ISO 8601 date (UTC where it names no zone) or seconds since 1970."""
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is neither an ISO 8601 date nor seconds since 1970") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{text!r} is not base64") from None


def _within(address: Any, network: Any) -> bool:  # noqa: ANN401 - IPv4 or IPv6, either of each
    return address in network


_ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_OPERATORS: dict[str, _Build] = {
    "StringEquals": _text(_equals),
    "StringEqualsIgnoreCase": _text(_equals_ignoring_case),
    "StringLike": _text(matches),
    "ArnEquals": _text(_arn_like),  # documented to behave exactly as ArnLike
    "ArnLike": _text(_arn_like),
    "Bool": _typed(_boolean, operator.eq),
    "BinaryEquals": _typed(_binary, operator.eq),  # a request's bytes stand in base64 too
    "IpAddress": _typed(ipaddress.ip_address, _within, ipaddress.ip_network),
    **{f"Numeric{name}": _typed(_number, compare) for name, compare in _ORDERS.items()},
    **{f"Date{name}": _typed(_moment, compare) for name, compare in _ORDERS.items()},
}
_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
OPERATORS = frozenset({*_OPERATORS, *_NEGATIONS, "Null"})
"""Every operator that is understood, without its modifiers."""


def parse_conditions(block: object, *, variables: bool) -> tuple[Condition, ...]:
    """Read a Condition element; all of its conditions must hold (a logical AND).

    Raises:
        UnknownPolicyElement: an operator, modifier or value that is not understood.
    """
    conditions: list[Condition] = []
    for name, keys in _mapping(block, "Condition").items():
        modified = _modified(name)
        for key, values in _mapping(keys, name).items():
            texts = _strings(name, key, values)
            conditions.append(_condition(modified, key, texts, variables=variables))
    return tuple(conditions)


def _modified(name: str) -> re.Match[str]:
    """Take an operator and its modifiers apart."""
    found = _NAME.fullmatch(name)
    if found is None or found["name"] not in OPERATORS:
        raise UnknownPolicyElement(
            f"unknown condition operator {name!r}; known are {', '.join(sorted(OPERATORS))}, with "
            "ForAllValues: or ForAnyValue: before and IfExists after"
        )
    if found["name"] == "Null" and (found["set"] or found["if"]):
        raise UnknownPolicyElement(f"{name}: Null takes neither a set operator nor IfExists")
    return found


def _condition(
    found: re.Match[str], key: str, texts: Sequence[str], *, variables: bool
) -> Condition:
    description = f"{found[0]} on {key}"
    if found["name"] == "Null":
        absent = frozenset(_read(description, text, _boolean) for text in texts)
        return _Presence(description=description, key=key.lower(), absent=absent)
    build = _OPERATORS[_NEGATIONS.get(found["name"], found["name"])]
    return _Comparison(
        description=description,
        key=key.lower(),
        operands=tuple(
            _read(description, text, lambda text: build(text, variables)) for text in texts
        ),
        negated=found["name"] in _NEGATIONS,
        quantifier=found["set"],
        if_exists=found["if"] is not None,
    )


def _read(description: str, text: str, read: Callable[[str], _T]) -> _T:
    try:
        return read(text)
    except ValueError as problem:
        raise UnknownPolicyElement(f"{description}: {problem}") from None


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UnknownPolicyElement(f"{name} must be a JSON object, not {value!r}")
    return value


def _strings(name: str, key: str, values: object) -> tuple[str, ...]:
    """Read a value or a list of them; JSON numbers and booleans stand for their text."""
    texts = []
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, bool):
            texts.append(str(value).lower())
        elif isinstance(value, str | int | float):
            texts.append(str(value))
        else:
            raise UnknownPolicyElement(f"{name} on {key}: {value!r} is no text, number or boolean")
    return tuple(texts)
