"""Pulumi's property values as plain Python values, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

Values = dict[str, Any]
Properties = Mapping[str, PropertyValue]

UNKNOWN: Final[str] = rpc.UNKNOWN
"""What stands for a value that only a deployment can know."""

DEFAULTS: Final = "__defaults"
"""Input that lists which names the plugin chose itself, as the official plugins keep it."""


def plain(properties: Properties) -> Values:
    """Return ``properties`` without nulls, secrets unwrapped, whole numbers as ``int``."""
    return {key: _plain(item) for key, item in properties.items() if item.value is not None}


def secret_keys(properties: Properties) -> set[str]:
    """Return the names of properties that are secret or hold a secret somewhere."""
    return {key for key, item in properties.items() if item.contains_secret()}


def wrap(values: Values, secrets: set[str] | frozenset[str]) -> dict[str, PropertyValue]:
    """Return ``values`` as properties, those named in ``secrets`` marked secret."""
    return {
        key: _wrap(value).with_secret(key in secrets)
        for key, value in values.items()
        if value is not None
    }


def has_unknown(value: object) -> bool:
    """Tell whether ``value`` is unknown or holds an unknown somewhere."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value == UNKNOWN


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal, an absent one being equal to its type's zero value.

    Terraform's SDK, on which the official aws and vault plugins are built, keeps no difference
    between null, an empty string, an empty list, zero and false.
    """
    return one == other or (not one and not other)


def same_set(one: object, other: object) -> bool:
    """Tell whether two lists hold the same strings, in any order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(set(one)) == sorted(set(other))
    return same(one, other)


def same_document(one: object, other: object) -> bool:
    """Tell whether two JSON texts say the same; the order inside lists counts."""
    if isinstance(one, str) and isinstance(other, str):
        try:
            return bool(json.loads(one) == json.loads(other))
        except json.JSONDecodeError:
            pass  # Not JSON: compared as text; the service that owns the document judges it.
    return same(one, other)


def _plain(item: PropertyValue) -> Any:  # noqa: ANN401 - whatever the program gave
    value = item.value
    if isinstance(value, Computed):
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    if value is None:
        return None
    raise TypeError(f"a {type(value).__name__} is not served by the laboratory's plugins")


def _wrap(value: object) -> PropertyValue:
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, dict):
        return PropertyValue(wrap(value, frozenset()))
    if isinstance(value, (list, tuple)):
        return PropertyValue([_wrap(element) for element in value])
    if value is None or isinstance(value, (bool, float, str)):
        return PropertyValue(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent to the Pulumi engine")
