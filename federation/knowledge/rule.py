"""One rule: how a refusal is known, what it means, where it comes from, and what to do."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AWS = "AWS"
VAULT = "Vault"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do."""

    do: str
    """What, in a sentence without its full stop."""
    command: str = ""
    """What to type. ``{name}`` stands for what the message says, and else for something to fill in,
    then in capitals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One refusal of AWS or Vault."""

    says: str
    """Who: AWS or Vault."""
    codes: tuple[str, ...] = ()
    """AWS's codes; Vault has none."""
    words: str = ""
    """Regular expression that the message matches, in any case; its named groups fill the commands.
    Without one, the codes alone decide, and a rule with words of the same code goes before."""
    meaning: str
    """What happened, in a sentence without its full stop."""
    causes: tuple[str, ...]
    """What makes it so, the likeliest first."""
    remedy: tuple[Step, ...]
    """What to do, in this order."""
    source: str
    """Where all this can be read."""

    def match(self, plain: str) -> dict[str, str] | None:
        """Return what a message says of the command's blanks; ``None`` if it is another refusal.

        Args:
            plain: The message, as :func:`plain` returns it.
        """
        if self.words:
            found = re.search(self.words, plain, re.IGNORECASE)
            return (
                {name: said for name, said in found.groupdict().items() if said} if found else None
            )
        return {} if any(_names(code, plain) for code in self.codes) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A rule that knows a message, with what the message says."""

    rule: Rule
    said: Mapping[str, str]

    @property
    def remedy(self) -> tuple[Step, ...]:
        """What to do, the commands filled in."""
        blanks = _Blanks(self.said)
        return tuple(
            Step(do=step.do.format_map(blanks), command=step.command.format_map(blanks))
            for step in self.rule.remedy
        )


class _Blanks(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()


def known(rules: Iterable[Rule], message: str, **filled: str) -> list[Explanation]:
    """Return what rules know of a message, in their order; empty if none knows it.

    One message may meet several: Vault wraps what AWS says in words of its own.

    Args:
        rules: The rules.
        message: As it was printed, also within XML, JSON or a log.
        filled: What fills blanks of the commands that the message leaves.
    """
    text = plain(message)
    met = [
        Explanation(rule=rule, said=filled | said)
        for rule in rules
        if (said := rule.match(text)) is not None
    ]
    exact = {code for each in met if each.rule.words for code in each.rule.codes}
    return [each for each in met if each.rule.words or not exact & set(each.rule.codes)]


def plain(message: str) -> str:
    """Return a message as it was before it was put into XML, JSON or several lines."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), message)
    text = html.unescape(text).replace('\\"', '"').replace("\u2019", "'")
    return " ".join(re.sub(r"\\[nt]", " ", text).split())


def _names(code: str, text: str) -> bool:
    """Say whether a code stands in a text; SDKs and CloudTrail add an ending to some."""
    return bool(re.search(rf"(?<!\w){re.escape(code)}(?:Exception)?(?!\w)", text))
