"""Reads what is asked for, and writes the report where it is wanted."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from operations import OperationError, engine, terminal
from operations.report import build, resources
from operations.report.changes import changes
from operations.report.markdown import comment, markdown
from operations.report.mermaid import mermaid
from operations.report.resources import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

    from operations.report.graph import Graph


def is_terminal() -> bool:
    """Say whether what is printed is read by a person at once."""
    return sys.stdout.isatty()


def on_stack(stack: str, state: Path | None, only: str, form: str, output: Path | None) -> None:
    """Report on a stack.

    Args:
        stack: Its name; empty for the one that is selected.
        state: File with its state; without one the engine is asked.
        only: What a way must lead through; empty for all.
        form: ``tree``, ``markdown``, ``mermaid``, ``html`` or ``json``.
        output: File to write; without one it is printed.

    Raises:
        OperationError: there is no such stack, nothing in it, or no such file.
    """
    if state is not None:
        named = "stdin" if str(state) == "-" else str(state)
        found = resources.of_state(_parsed(state), named=named)
    else:
        named = engine.selected(stack)
        with terminal.progress(f"reading the state of {named}"):
            text = engine.pulumi("stack", "export", stack=named)
        found = resources.of_state(resources.parsed(text, named=named), named=named)
    graph = build.graph(found)
    if not graph.nodes:
        raise OperationError(f"{named} has nothing deployed to report on: deploy it by `pulumi up`")
    graph = graph.only(only)
    if not graph.nodes:
        raise OperationError(f"nothing in {named} is called {only!r}")
    _write(_drawn(graph, form, plain=output is not None), output)


def on_changes(preview: Path, form: str, output: Path | None) -> bool:
    """Report on what an update changes.

    Args:
        preview: File with what ``pulumi preview --json`` printed.
        form: ``markdown`` or ``json``.
        output: File to write; without one it is printed.

    Returns:
        Whether anybody gains a right.

    Raises:
        UnreadableError: the file is something else.
    """
    named = "stdin" if str(preview) == "-" else str(preview)
    found = changes(resources.of_preview(_parsed(preview), named=named))
    _write(_json(found.document()) if form == "json" else comment(found), output)
    return bool(found.gained)


def _parsed(file: Path) -> Any:  # noqa: ANN401 - JSON of others
    if str(file) == "-":
        return resources.parsed(sys.stdin.read(), named="stdin")
    try:
        return resources.parsed(file.read_text("utf-8"), named=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{file} cannot be read: {error}") from None


def _drawn(graph: Graph, form: str, *, plain: bool) -> str:
    if form == "json":
        return _json(graph.document())
    if form == "html":
        from operations.report.page import page  # noqa: PLC0415 - loads Graphviz

        return page(graph)
    if form == "mermaid":
        return mermaid(graph)
    if form == "markdown":
        return markdown(graph)
    from operations.report.tree import tree  # noqa: PLC0415 - a tenth of a second

    return terminal.rendered(tree(graph), plain=plain)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise OperationError(f"{output} cannot be written: {error}") from None
