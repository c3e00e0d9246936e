"""Kinds of fields that several sections have, and what such kinds are made of."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic.alias_generators import to_camel

from federation import syntax

Ownership = Literal["managed", "existing"]
"""``managed``: this stack makes, changes and deletes it. ``existing``: it only uses it."""

T = TypeVar("T")


def accepts(check: Callable[[T], None]) -> AfterValidator:
    """Turn a check of the domain into a validator."""

    def validate(value: T) -> T:
        check(value)
        return value

    return AfterValidator(validate)


def not_below(field: str) -> AfterValidator:
    """Check a longest time against a usual one beside it."""

    def validate(seconds: int, info: ValidationInfo) -> int:
        usual = info.data.get(field)
        if usual is not None and seconds < usual:
            raise ValueError(f"must be at least {to_camel(field)}, {usual}")
        return seconds

    return AfterValidator(validate)


def at_least_one(otherwise: str) -> AfterValidator:
    """Refuse an empty list, saying what would be otherwise."""

    def validate(values: tuple[str, ...]) -> tuple[str, ...]:
        if not values:
            raise ValueError(f"must hold at least one{otherwise}")
        return values

    return AfterValidator(validate)


def _without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("must not hold an entry twice")
    return values


WithoutRepeats = AfterValidator(_without_repeats)
Text = Annotated[str, Field(min_length=1)]
Namespace = Annotated[str, accepts(syntax.namespace)]
ExternalId = Annotated[str, accepts(syntax.external_id)]
Tags = Annotated[Mapping[str, str], accepts(syntax.tags)]
Seconds = Annotated[int, Field(ge=60)]
LeaseSeconds = Annotated[int, Field(ge=60, le=31_536_000)]
LongestLeaseSeconds = Annotated[
    LeaseSeconds, Field(validate_default=True), not_below("default_ttl_seconds")
]
