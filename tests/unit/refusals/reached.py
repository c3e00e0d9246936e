"""Which refusals the program holds, and which of them were really made."""

from __future__ import annotations

import ast
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from settings.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("settings", "federation", "components")
_NOTED = frozenset(("problems.add", "problems.unknown", "self.add", "found.append"))
_WORDED_BY_CALLER = frozenset(("_require", "_fit", "_limit", "require"))
"""Functions that refuse in their caller's words: each call of them is a refusal of its own."""
_ADVICE = frozenset(("_warnings", "warning", "warnings", "_foreign", "_beside", "_opening"))
"""Functions that only advise."""


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Refusal:
    """A place that refuses."""

    file: str
    line: int
    last_line: int
    words: str
    """File, function and statement, which say which it is for longer than lines do."""
    on_behalf: bool
    """Whether it only has another function refuse."""


@cache
def refusals() -> tuple[Refusal, ...]:
    """Find every place that raises, notes a problem, or words one."""
    files = [file for room in ROOMS for file in (ROOT / room).glob("*.py")]
    return tuple(
        sorted(
            found
            for file in files
            for found in _refusals_in(
                str(file.relative_to(ROOT)), ast.parse(file.read_text("utf-8")), ""
            )
        )
    )


@contextmanager
def watched() -> Iterator[set[Refusal]]:
    """Collect what is refused meanwhile, and on whose behalf."""
    at = {
        (str(ROOT / refusal.file), line): refusal
        for refusal in refusals()
        for line in range(refusal.line, refusal.last_line + 1)
    }
    files = {file for file, _ in at}
    made: set[Refusal] = set()

    def inside(frame: FrameType, event: str, _: object) -> object:
        here = at.get((frame.f_code.co_filename, frame.f_lineno))
        if event == "line" and here and not here.on_behalf:
            above: FrameType | None = frame
            while above:
                if refusal := at.get((above.f_code.co_filename, above.f_lineno)):
                    made.add(refusal)
                above = above.f_back
        return inside

    def at_call(frame: FrameType, _event: str, _: object) -> object:
        return inside if frame.f_code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(at_call)  # type: ignore[arg-type] # typeshed wants each event apart
    try:
        yield made
    finally:
        sys.settrace(before)


def worded() -> set[str]:
    """Return the words in tables: of refused keys, and of patterns that values must match."""
    tables = {words for kind in _sections(Section) for words in kind.refused.values()}
    tree = ast.parse((ROOT / "settings" / "human_login.py").read_text("utf-8"))
    return tables | {
        str(ast.literal_eval(node.args[1]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_matches"
    }


def _sections(kind: type[Section]) -> Iterator[type[Section]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _sections(narrower)


def _refusals_in(file: str, node: ast.AST, function: str) -> Iterator[Refusal]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            if child.name not in _ADVICE:
                yield from _refusals_in(file, child, child.name)
            continue
        if isinstance(child, ast.stmt | ast.Yield | ast.Call) and (kind := _kind(child)):
            yield Refusal(
                file=file,
                line=child.lineno,
                last_line=child.end_lineno or child.lineno,
                words=f"{file}, {function}: {ast.unparse(child)}",
                on_behalf=kind == "on behalf",
            )
            continue
        yield from _refusals_in(file, child, function)


def _kind(node: ast.stmt | ast.Yield | ast.Call) -> str:
    if isinstance(node, ast.Raise) and node.exc:
        return "own"
    if isinstance(node, ast.Yield | ast.Return) and node.value and _is_sentence(node.value):
        return "own"
    if not isinstance(node, ast.Call):
        return ""
    called = ast.unparse(node.func)
    if called in _NOTED or called == "CheckFailure":
        return "own"
    return "on behalf" if called.rpartition(".")[2] in _WORDED_BY_CALLER else ""


def _is_sentence(value: ast.expr) -> bool:
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.count(" ") > 1
        for part in parts
    )
