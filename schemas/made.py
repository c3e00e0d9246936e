"""The files of the repository that are made of the models, each by its path and with its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from schemas.stack import of_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK = "schemas/stack.schema.json"
"""What editors read; the stack files name it."""


def made() -> Mapping[str, str]:
    """Return what each file has to hold, by its path in the repository."""
    return {STACK: json.dumps(of_stack(), indent=2, ensure_ascii=False) + "\n"}
