"""Collects what is wrong with the settings and tells it to a person, a line per problem."""

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Key = tuple[str | int, ...]
"""Where a value stands: the section, then names and indices."""

_LONGEST_SHOWN = 80
_NOT_GIVEN = object()
_USER_INFORMATION = re.compile(r"^(\w+://)?.*@")
HIDDEN = frozenset(("externalId", "secretKey", "token"))
"""Keys whose values are told to nobody, and may stand encrypted in a stack's file."""


class Problems:
    """Every problem found so far, and what was written, right or wrong.

    Args:
        project: Name of the project; full keys begin with it.
        is_secret: Whether a section is stored encrypted, and so must not be quoted.
        written: The sections as they were written, by key.
    """

    def __init__(
        self, project: str, is_secret: Callable[[str], bool], written: Mapping[str, Any]
    ) -> None:
        self._project = project
        self._is_secret = is_secret
        self._written = written
        self.lines: list[str] = []
        self.advice: list[str] = []
        """What is taken, and hardly meant."""

    def add(self, key: Key, allowed: str, value: object = _NOT_GIVEN) -> None:
        """Add a problem: the full key, the value unless secret, what is allowed."""
        quoted = (
            ""
            if value is _NOT_GIVEN
            else f"{'(secret)' if self.hidden(key) else _shown(key, value)} "
        )
        line = f"{self.full(key)}: {quoted}{allowed}"
        if line not in self.lines:
            self.lines.append(line)

    def advise(self, key: Key, told: str) -> None:
        """Add something that is taken and hardly meant, once."""
        line = f"{self.full(key)}: {told}"
        if line not in self.advice:
            self.advice.append(line)

    def hidden(self, key: Key) -> bool:
        """Whether nothing of a value may be told, not even what follows from it."""
        return self._is_secret(str(key[0])) or bool(HIDDEN & set(key))

    def full(self, key: Key) -> str:
        """Spell a key as Pulumi does."""
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
        return f"{self._project}:{path.removeprefix('.')}"

    def text(self, stack: str) -> str:
        """Everything in one message."""
        count = "1 problem" if len(self.lines) == 1 else f"{len(self.lines)} problems"
        return "\n  ".join([f"the settings of stack {stack} have {count}:", *self.lines])

    def written(self, key: Key) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """What stands under a key; None if nothing does."""
        found: Any = self._written
        for part in key:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def names(self, *key: str) -> tuple[str, ...]:
        """Names that stand under a key, right or wrong."""
        found = self.written(key)
        return tuple(found) if isinstance(found, dict) else ()

    def entries(self, *key: str) -> Mapping[str, Any]:
        """What stands under a key by name, if anything; noted if it has no names."""
        found = self.written(key)
        if not isinstance(found, dict | None):
            self.add(key, "must be an object")
        return found if isinstance(found, dict) else {}

    def unknown(self, key: Key, known: Collection[str], refused: Mapping[str, str]) -> None:
        """Note a key that nothing reads, with the reason if people often expect it in vain."""
        name = str(key[-1])
        close = difflib.get_close_matches(name, known, n=1)
        if name not in refused and not close:
            name = next(iter(difflib.get_close_matches(name, refused, n=1)), name)
        meant = f"did you mean {close[0]}? " if close else ""
        self.add(key, refused.get(name, f"is unknown; {meant}known are {', '.join(known)}"))


def _shown(key: Key, value: object) -> str:
    if str(key[-1]).lower().endswith("address") and isinstance(value, str):
        value = _USER_INFORMATION.sub(r"\1(secret)@", value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
