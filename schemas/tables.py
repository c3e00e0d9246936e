"""The tables of a page that are made: what can be set, and what a stack says of itself.

A page marks where each stands, by ``<!-- made: NAME -->`` before it and ``<!-- end -->`` after it.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from components.summary import SECTIONS as OUTPUTS
from schemas.described import described
from schemas.stack import MODELS, definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from schemas.stack import Schema

_MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page with every table as it has to be.

    Raises:
        KeyError: It marks a place for a table that there is not.
    """
    made = tables()
    return _MADE.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", page)


def tables() -> dict[str, str]:
    """Return the table of each model by the model's name, and that of the outputs."""
    known = definitions()
    settings = {
        model.__name__: _table(
            ("key", "what", "default", "what it does"),
            (
                (f"`{field.alias}`", *_told(known[model.__name__], str(field.alias)))
                for field in model.model_fields.values()
            ),
        )
        for model in MODELS
    }
    return {**settings, "outputs": _table(("output", "of", "what it is"), _outputs())}


def _told(model: Schema, key: str) -> tuple[str, str, str]:
    """Return what a key takes, what it is if left out, and what it does."""
    field = model["properties"][key]
    if key in model.get("required", ()):
        default = "**required**"
    else:
        default = _written(field["default"]) if "default" in field else ""
    return _kind(field), default, field["description"]


def _kind(field: Schema) -> str:
    """Say in words what a schema takes; nothing of patterns, which the description tells."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    if kinds:
        return _kind(kinds[0])
    allowed = field.get("enum") or ([field["const"]] if "const" in field else [])
    if allowed:
        return " or ".join(map(_written, allowed))
    said = next((key for key in ("$ref", "additionalProperties") if key in field), None)
    return _IN_WORDS[said or field["type"]](field)


def _list(field: Schema) -> str:
    most = f", at most {field['maxItems']}" if "maxItems" in field else ""
    return f"list of {_kind(field['items']).replace('object,', 'objects,')}{most}"


def _by_name(field: Schema) -> str:
    inner = _kind(field["additionalProperties"])
    return "objects by name, below" if inner == "object, below" else f"{inner}, by name"


def _range(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    return f", {least} to {most}" if most else f", at least {least}"


_IN_WORDS: dict[str, Callable[[Schema], str]] = {
    "$ref": lambda _: "object, below",
    "additionalProperties": _by_name,
    "array": _list,
    "boolean": lambda _: "`true` or `false`",
    "integer": lambda field: f"whole number{_range(field)}",
    "string": lambda _: "text",
}


def _written(value: object) -> str:
    if value in ("", []):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _outputs() -> list[tuple[str, str, str]]:
    """Return each output once, with the sections that say the same by it."""
    of: dict[tuple[str, str], list[str]] = {}
    for section, summary in OUTPUTS.items():
        told = described(summary)  # type: ignore[arg-type] # it takes the class for its objects
        for field in fields(summary):
            of.setdefault((field.name, told[field.name]), []).append(f"`{section}`")
    return [(f"`{name}`", ", ".join(where), told) for (name, told), where in of.items()]


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.rstrip('.') for cell in line)} |\n" for line in lines)
