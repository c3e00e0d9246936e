"""The program as a later version of it could be."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stacks import Stack


@contextmanager
def changed(stack: Stack, file: str, old: str, new: str) -> Iterator[None]:
    """Let the program of a stack differ in one place of one file of one room."""
    room = stack.folder / file.partition("/")[0]
    original = room.readlink()
    room.unlink()
    shutil.copytree(original, room, ignore=shutil.ignore_patterns("__pycache__"))
    source = stack.folder / file
    text = source.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} does not stand once in {file}"
    source.write_text(text.replace(old, new), "utf-8")
    try:
        yield
    finally:
        shutil.rmtree(room)
        room.symlink_to(original)
