"""Kinds of fields that several sections have, and what such kinds are made of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, ValidationInfo
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from federation import syntax

Ownership = Literal["managed", "existing"]
"""``managed``: this stack makes, changes and deletes it. ``existing``: it only uses it."""

T = TypeVar("T")


Shape = dict[str, Any]
"""Keywords of JSON Schema: what of a check editors can make while somebody types."""


@dataclass(frozen=True, slots=True)
class Shaped(AfterValidator):
    """A validator that also says what editors can check of it."""

    shape: Shape = field(hash=False)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the shape to what the validated type itself says."""
        return {**handler(schema), **self.shape}


def text(
    pattern: re.Pattern[str] | str, check: Callable[[str], object], longest: int | None = None
) -> Shape:
    """Return the shape of a text that matches as a whole, in the words of the check that refuses.

    Args:
        pattern: What every text matches that the check takes. Groups may have names, which no
            other language writes so.
        check: Raises ValueError, saying what is allowed.
        longest: How many characters it may have, if the pattern does not say.
    """
    written = pattern if isinstance(pattern, str) else pattern.pattern
    plain = re.sub(r"\(\?P<\w+>", "(?:", written)
    limit = {"maxLength": longest} if longest else {}
    return {"pattern": f"^(?:{plain})$", "patternErrorMessage": _allowed(check), **limit}


def _allowed(check: Callable[[str], object]) -> str:
    """Return what a check tells of a line end, which no text of the settings has."""
    told = ""
    try:
        check("\n")
    except ValueError as error:
        told = str(error)
    return told[told.index("must") :]


def without(words: frozenset[str], *, anywhere: bool = False) -> str:
    """Return the beginning of a pattern of paths that do not begin with some segments.

    Args:
        words: The segments.
        anywhere: Whether no later segment may be one of them either.
    """
    before = "(?:.*/)?" if anywhere else ""
    return f"(?!{before}(?:{'|'.join(sorted(words))})(?:/|$))"


def accepts(check: Callable[[T], None], shape: Shape | None = None) -> AfterValidator:
    """Turn a check of the domain into a validator; the shape is what editors check of it."""

    def validate(value: T) -> T:
        check(value)
        return value

    return Shaped(validate, shape) if shape else AfterValidator(validate)


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

    return Shaped(validate, {"minItems": 1})


def needs(*keys: str) -> Shape:
    """Return the shape of a section that must have something under one of some keys.

    The section itself checks it; what stands there is text, a list or an object.
    """
    something = {"type": ["string", "array", "object"], "minItems": 1, "minProperties": 1}
    return {"anyOf": [{"required": [key], "properties": {key: something}} for key in keys]}


def _without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("must not hold an entry twice")
    return values


WithoutRepeats = Shaped(_without_repeats, {"uniqueItems": True})
Text = Annotated[str, Field(min_length=1)]
_PATH = without(syntax.RESERVED_NAMESPACES, anywhere=True) + syntax.NAMESPACE.pattern
NAMESPACE = text(_PATH, syntax.namespace)
"""The shape of a namespace that is not the root."""
Namespace = Annotated[str, accepts(syntax.namespace, text(rf"(?:{_PATH})?", syntax.namespace))]
MountPath = Annotated[
    str,
    accepts(
        syntax.mount_path,
        text(without(syntax.RESERVED_PATHS) + syntax.PATH.pattern, syntax.mount_path),
    ),
]
AuthPath = Annotated[
    str,
    accepts(
        syntax.auth_path,
        text(without(syntax.RESERVED_PATHS | {"token"}) + syntax.PATH.pattern, syntax.auth_path),
    ),
]
ExternalId = Annotated[
    str, accepts(syntax.external_id, text(syntax.EXTERNAL_ID, syntax.external_id))
]
Tags = Annotated[
    Mapping[str, str],
    accepts(
        syntax.tags,
        {
            "maxProperties": syntax.MOST_TAGS,
            "propertyNames": {
                "minLength": 1,
                "maxLength": syntax.LONGEST_TAG_KEY,
                "pattern": "^(?![Aa][Ww][Ss]:)",
            },
            "additionalProperties": {"type": "string", "maxLength": syntax.LONGEST_TAG_VALUE},
        },
    ),
]
Seconds = Annotated[int, Field(ge=60)]
LeaseSeconds = Annotated[int, Field(ge=60, le=31_536_000)]
LongestLeaseSeconds = Annotated[
    LeaseSeconds, Field(validate_default=True), not_below("default_ttl_seconds")
]
