"""What an update does to each resource, line by line, for a person; without secrets."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.report.resources import UNKNOWN, UnreadableError
from operations.review import hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LONGEST = 300
"""Characters of one value; what is longer is cut."""
_DONE = {
    "create": ("+", "to create"),
    "update": ("~", "to update"),
    "replace": ("±", "to make anew"),
    "delete": ("-", "to delete"),
    "import": ("=", "to import"),
    "discard": ("-", "to forget"),
}
"""Operations that a person is told of, each with its sign."""
_SAME_AS = {
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "import",
}
_OF_THE_ENGINE = frozenset(("__provider", "__defaults"))
"""Inputs that the program does not write: a dynamic resource's own code among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What is done to one resource."""

    op: str
    type: str
    name: str
    lines: tuple[str, ...]
    """Its inputs that change, each line with ``+``, ``-`` or a blank before it."""

    def text(self) -> Iterator[str]:
        """Yield it as lines of a diff."""
        yield f"{_DONE[self.op][0]} {self.type} {self.name}"
        yield from (f"{line[:1]}   {line[1:]}" for line in self.lines)


def steps(document: Any, *, named: str) -> list[Step]:  # noqa: ANN401 - JSON of others
    """Return what a preview does, without what it leaves as it is.

    Args:
        document: As ``pulumi preview --json`` prints it.
        named: Where it comes from, for the message.

    Raises:
        UnreadableError: it is something else.
    """
    found: dict[tuple[str, str], Step] = {}
    try:
        for step in document["steps"]:
            op = _SAME_AS.get(step["op"], step["op"])
            if op in _DONE:
                urn = step["urn"]
                made = _step(op, urn, step.get("oldState"), step.get("newState"))
                # Made anew is up to three steps; one of them knows both states.
                before = found.get((op, urn))
                if before is None or len(made.lines) > len(before.lines):
                    found[op, urn] = made
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UnreadableError(
            f"{named} is no preview: give what `pulumi preview --json` prints, all of it"
        ) from error
    order = ["replace", "delete", "discard", "update", "import", "create"]
    return sorted(found.values(), key=lambda step: order.index(step.op))


def counted(found: Iterable[Step]) -> str:
    """Say how many resources an update does what to."""
    counts = Counter(step.op for step in found)
    return ", ".join(f"{counts[op]} {said}" for op, (_, said) in _DONE.items() if counts[op])


def _step(op: str, urn: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Step:
    before, after = _inputs(old), _inputs(new)
    lines: list[str] = []
    if new is None:
        before = {}
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            lines += _changed(key, before.get(key), after.get(key))
    kind = urn.split("::")[2].rpartition("$")[2]
    return Step(op=op, type=kind, name=_line(urn.split("::", 3)[3]), lines=tuple(lines))


def _inputs(state: Mapping[str, Any] | None) -> dict[str, Any]:
    inputs = (state or {}).get("inputs") or {}
    return {key: value for key, value in inputs.items() if key not in _OF_THE_ENGINE}


def _changed(key: str, old: Any, new: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of others
    """Yield the lines of one input that changes; of a document only those near the change."""
    was, will = (_written(hidden.hide_within(value, key)) for value in (old, new))
    if was == will:
        yield f" {key}: {hidden.HIDDEN}, another one"
    elif len(was) <= 1 and len(will) <= 1:
        yield from (f"-{key}: {line}" for line in was)
        yield from (f"+{key}: {line}" for line in will)
    elif not was or not will:
        sign = "+" if will else "-"
        yield from (f"{sign}{key}:", *(f"{sign}  {line}" for line in was or will))
    else:
        yield f" {key}:"
        for line in list(difflib.unified_diff(was, will, lineterm="", n=1))[2:]:
            yield "   …" if line.startswith("@@") else f"{line[:1]}  {line[1:]}"


def _written(value: Any) -> Sequence[str]:  # noqa: ANN401 - JSON of others
    """Return a value in lines: an object or a document one for each of its parts."""
    if value is None:
        return []
    if value == UNKNOWN:
        return ["(known only while updating)"]
    document = hidden.parsed(value) if isinstance(value, str) else value
    if isinstance(document, dict | list) and document:
        # In which order an object's parts stand means nothing.
        lines = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True).splitlines()
        return [_line(line.replace(UNKNOWN, "(known only while updating)")) for line in lines]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return [_line(line) for line in text.splitlines()] or ['""']


def _line(text: str) -> str:
    """Return a text on one line of bearable length, without signs that a terminal or page obeys."""
    shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
