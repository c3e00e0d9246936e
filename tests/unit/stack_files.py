"""Stack files as they are written, and what the schema that editors use says of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from schemas.stack import PROJECT, of_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema import ValidationError


def stack_file(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stack file with some sections; what must be secret is encrypted there."""
    config = dict(sections)
    secrets = config.get("humanLoginSecrets")
    if isinstance(secrets, dict):
        config["humanLoginSecrets"] = {
            name: {"secure": "v1:x"} if isinstance(value, str) and value else value
            for name, value in secrets.items()
        }
    return {"config": {f"{PROJECT}:{name}": value for name, value in config.items()}}


@cache
def _checker() -> Draft202012Validator:
    return Draft202012Validator(of_stack())


def refused(document: object) -> list[ValidationError]:
    """Return what the schema refuses in a stack file."""
    return list(_checker().iter_errors(document))
