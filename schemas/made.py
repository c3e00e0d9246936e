"""The files of the repository that are made of the models, each by its path and with its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from schemas.stack import of_stack
from schemas.tables import filled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STACK = "schemas/stack.schema.json"
"""What editors read; the stack files name it."""
PAGE = "docs/settings.md"
"""What people read; its tables are made, and all between them is written."""


def made(root: Path) -> Mapping[str, str]:
    """Return what each file has to hold, by its path in the repository.

    Args:
        root: The repository, whose page says what stands around the tables.
    """
    return {
        STACK: json.dumps(of_stack(), indent=2, ensure_ascii=False) + "\n",
        PAGE: filled((root / PAGE).read_text("utf-8")),
    }
