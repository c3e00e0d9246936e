"""Collects what is wrong with the settings and tells it to a person, a line per problem."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from configuration.schema import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from configuration.roles import Surroundings

Key = tuple[str | int, ...]
"""Where a value stands: the section, then names and indices."""
S = TypeVar("S", bound=Section)

_LONGEST_SHOWN = 80
_NOT_GIVEN = object()
_USER_INFORMATION = re.compile(r"^(\w+://)?.*@")
_HIDDEN = frozenset(("externalId", "secretKey", "token"))

_ALLOWED = {
    "missing": "is missing",
    "string_type": "must be text, in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "too_long": "must hold at most {max_length}",
    "value_error": "{error}",
}
"""What is allowed, by pydantic's name of the problem; its own texts quote inputs."""


class Problems:
    """Every problem found so far.

    Args:
        project: Name of the project; full keys begin with it.
        is_secret: Whether a section is stored encrypted, and so must not be quoted.
    """

    def __init__(self, project: str, is_secret: Callable[[str], bool]) -> None:
        self._project = project
        self._is_secret = is_secret
        self.lines: list[str] = []

    def add(self, key: Key, allowed: str, value: object = _NOT_GIVEN) -> None:
        """Add a problem: the full key, the value unless secret, what is allowed."""
        hidden = self._is_secret(str(key[0])) or bool(_HIDDEN & set(key))
        quoted = "" if value is _NOT_GIVEN else f"{'(secret)' if hidden else _shown(key, value)} "
        line = f"{self.full(key)}: {quoted}{allowed}"
        if line not in self.lines:
            self.lines.append(line)

    def full(self, key: Key) -> str:
        """Spell a key as Pulumi does."""
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
        return f"{self._project}:{path.removeprefix('.')}"

    def text(self, stack: str) -> str:
        """Everything in one message."""
        count = "1 problem" if len(self.lines) == 1 else f"{len(self.lines)} problems"
        return "\n  ".join([f"the settings of stack {stack} have {count}:", *self.lines])

    def entries(self, raw: object, key: Key) -> Iterator[tuple[str, Any]]:
        """Go through an object of named entries, if it is one."""
        if isinstance(raw, dict):
            yield from raw.items()
        elif raw is not None:
            self.add(key, "must be an object")

    def name_is_sound(self, key: Key, check: Callable[[str], None]) -> bool:
        """Check the last part of a key, which becomes part of physical names."""
        try:
            check(str(key[-1]))
        except ValueError as error:
            self.add(key, str(error))
            return False
        return True

    def parse(
        self, model: type[S], raw: object, key: Key, context: Surroundings | None = None
    ) -> S | None:
        """Validate one section; None if something is wrong with it, which is then noted."""
        try:
            return model.model_validate_json(json.dumps(raw), context=context)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                where = (*key, *(_spelt(part, model) for part in problem["loc"]))
                if problem["type"] == "extra_forbidden":
                    self.add(where, _unknown(str(where[-1]), model))
                else:
                    allowed = _ALLOWED.get(problem["type"], "is not what this key takes").format(
                        **problem.get("ctx", {})
                    )
                    absent = problem["type"] == "missing" or isinstance(
                        problem["input"], dict | list | tuple
                    )
                    self.add(where, allowed, *(() if absent else (problem["input"],)))
        return None

    def unknown(self, key: Key, known: Sequence[str]) -> None:
        """Note a key that nothing reads."""
        self.add(key, _suggestion(str(key[-1]), known))


def _spelt(part: str | int, model: type[Section]) -> str | int:
    """Spell a field as the settings do; pydantic does not where a default is what is wrong."""
    field = model.model_fields.get(str(part))
    return (field and field.alias) or part


def _unknown(name: str, model: type[Section]) -> str:
    if name in model.refused:
        return model.refused[name]
    known = [field.alias or field_name for field_name, field in model.model_fields.items()]
    refused = difflib.get_close_matches(name, model.refused, n=1)
    if refused and not difflib.get_close_matches(name, known, n=1):
        return model.refused[refused[0]]
    return _suggestion(name, known)


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"is unknown; {meant}known are {', '.join(known)}"


def _shown(key: Key, value: object) -> str:
    if str(key[-1]).lower().endswith("address") and isinstance(value, str):
        value = _USER_INFORMATION.sub(r"\1(secret)@", value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
