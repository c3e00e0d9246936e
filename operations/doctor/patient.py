"""The stack that is to be updated: what its settings declare, and what its state remembers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import settings
from operations import OperationError
from operations.doctor.rows import broken, ok, warn
from operations.engine import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from operations.doctor.rows import Row
    from settings import Settings
    from settings.problems import Problems

_OWN = "pulumi-python:dynamic/vaultwif:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """What is about to be deployed, and what is already."""

    stack: str
    settings: Settings
    resources: tuple[dict[str, Any], ...] = ()
    """The state; what is secret in it is encrypted."""

    def remembered(self, kind: str, **named: str) -> Mapping[str, Any]:
        """Return the inputs that the state has of one of the program's own resources.

        Args:
            kind: Name of its type.
            named: Inputs that tell which one it is.

        Returns:
            Nothing where there is none.
        """
        for each in self.resources:
            inputs: dict[str, Any] = each.get("inputs") or {}
            if each["type"] == f"{_OWN}{kind}" and named.items() <= inputs.items():
                return inputs
        return {}

    def ids(self, kind: str) -> frozenset[str]:
        """Return what AWS calls the resources of a type that the state has, by ARN."""
        return frozenset(
            each["outputs"]["arn"]
            for each in self.resources
            if each["type"] == kind and "arn" in (each.get("outputs") or {})
        )


def read(stack: str, folder: Path) -> tuple[Patient | None, list[Row]]:
    """Read settings and state of a stack.

    Args:
        stack: Name of the stack.
        folder: The project's folder.

    Returns:
        The patient, unless its settings are wrong, and what is to be told of them.
    """
    what = f"settings of {stack}"
    try:
        found, problems = _declared(stack, folder)
    except OperationError as error:
        fix = "Type it in the project's folder; make a stack by `pulumi stack init`"
        return None, [broken(what, str(error), fix)]
    rows = list(_told(what, problems))
    if problems.lines:
        return None, rows
    exported = json.loads(pulumi("stack", "export", stack=stack))
    resources = (exported.get("deployment") or {}).get("resources") or []
    living = tuple(each for each in resources if not each.get("delete"))
    return Patient(stack=stack, settings=found, resources=living), rows


def _declared(stack: str, folder: Path) -> tuple[Settings, Problems]:
    entries = json.loads(pulumi("config", "--json", "--show-secrets", stack=stack))
    file = Path(folder, "Pulumi.yaml")
    try:
        project = yaml.safe_load(file.read_text("utf-8"))["name"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise OperationError(f"{file} does not tell the project's name") from error
    return settings.declared(entries, project, stack=stack, root=folder)


def _told(what: str, problems: Problems) -> Iterator[Row]:
    for line in problems.lines:
        yield broken(what, line, "Correct the stack's settings (docs/settings.md)")
    for line in problems.advice:
        yield warn(what, f"{line}: it has no effect", "Take it out, or say what is meant")
    if not problems.lines and not problems.advice:
        yield ok(what, "every section is sound")
