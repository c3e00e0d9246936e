"""The lengths, ranges and patterns that AWS publishes for every parameter.

Source: the API models of IAM and STS that botocore ships, the text behind the API reference.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lab.aws.front.models import service_model
from lab.aws.front.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel, Shape

_UNICODE_CLASSES = {r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d"}
"""Java's classes in tag patterns, in the nearest words that Python's patterns have."""


def check(service: str, operation: str, parameters: Mapping[str, str]) -> None:
    """Check the flat parameters of one call.

    Raises:
        ApiError: ValidationError naming every parameter that breaks a constraint, in AWS's words.
    """
    shape = _operation(service, operation).input_shape
    problems = list(_structure(shape, "", parameters)) if shape else []
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ApiError("ValidationError", 400, f"{count}: {'; '.join(problems)}")


def knows(service: str, operation: str) -> bool:
    """Say whether AWS publishes such an operation."""
    return operation in service_model(service).operation_names


@lru_cache
def may_leave_out_user(operation: str) -> bool:
    """Say whether an IAM operation is about the calling user where it names none."""
    shape = _operation("iam", operation).input_shape if knows("iam", operation) else None
    return shape is not None and "UserName" in shape.members.keys() - {*shape.required_members}


def _operation(service: str, operation: str) -> OperationModel:
    model: OperationModel = service_model(service).operation_model(operation)
    return model


def _structure(shape: Any, prefix: str, parameters: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401 - botocore's StructureShape
    for name, member in shape.members.items():
        path = f"{prefix}{name}"
        present = [key for key in parameters if key == path or key.startswith(f"{path}.")]
        if present:
            yield from _member(member, path, parameters)
        elif name in shape.required_members:
            yield (
                f"Value null at '{_label(path)}' failed to satisfy constraint: "
                "Member must not be null"
            )


def _member(shape: Any, path: str, parameters: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401 - botocore's Shape
    if shape.type_name == "structure":
        yield from _structure(shape, f"{path}.", parameters)
    elif shape.type_name == "list":
        found = {re.match(rf"{re.escape(path)}\.member\.(\d+)", key) for key in parameters}
        numbers = sorted({int(match.group(1)) for match in found if match})
        if len(numbers) > shape.metadata.get("max", len(numbers)):
            yield _broken(path, "[...]", f"length less than or equal to {shape.metadata['max']}")
        for number in numbers:
            yield from _member(shape.member, f"{path}.member.{number}", parameters)
    elif path in parameters:
        yield from _scalar(shape, path, parameters[path])


def _scalar(shape: Shape, path: str, value: str) -> Iterator[str]:
    limits = shape.metadata
    shown = "***" if limits.get("sensitive") else value
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", value):
            yield _broken(path, shown, "an integer value")
            return
        size, unit = int(value), "value"
    else:
        size, unit = len(value), "length"
    if shape.type_name not in ("integer", "long", "string"):
        return
    if size < limits.get("min", size):
        yield _broken(path, shown, f"{unit} greater than or equal to {limits['min']}")
    if size > limits.get("max", size):
        yield _broken(path, shown, f"{unit} less than or equal to {limits['max']}")
    if "enum" in limits and value not in limits["enum"]:
        yield _broken(path, shown, f"value in enum value set: {limits['enum']}")
    pattern = limits.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield (
            f"Value '{shown}' at '{_label(path)}' failed to satisfy constraint: Member must "
            f"satisfy regular expression pattern: {pattern}"
        )


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    translated = pattern
    for java, python in _UNICODE_CLASSES.items():
        translated = translated.replace(java, python)
    # In a name, \w means the ASCII letters; only patterns with Java's classes go beyond.
    return re.compile(translated, re.ASCII if translated == pattern else 0)


def _broken(path: str, value: str, constraint: str) -> str:
    return (
        f"Value '{value}' at '{_label(path)}' failed to satisfy constraint: "
        f"Member must have {constraint}"
    )


def _label(path: str) -> str:
    return path[:1].lower() + path[1:]
