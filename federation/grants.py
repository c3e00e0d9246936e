"""What policies of AWS and Vault grant, as rows that can be compared and said."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VAULT_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<text>"(?:\\.|[^"\\])*")
      | (?P<word>[\w.-]+)
      | (?P<sign>[{}\[\]=:,])""",
    re.DOTALL | re.VERBOSE,
)
_READERS = frozenset(("read", "update"))
"""Either reads credentials (Vault, "AWS secrets engine (API)", Generate credentials)."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Grant:
    """One action on one resource, allowed or denied by one statement."""

    action: str
    """As written, or all of ``NotAction`` after ``everything but``; ``Resource`` likewise."""
    resource: str
    condition: str = ""
    """The statement's condition as JSON; empty if there is none."""
    denies: bool = False

    def covers(self, other: Grant) -> bool:
        """Say whether whatever the other allows or denies, this one does.

        A wildcard counts as a text that only a wildcard takes in, so that "no" may be wrong where
        two patterns overlap in other ways, and "yes" never is.
        """
        return (
            self.denies == other.denies
            and self.condition in ("", other.condition)
            and _contains(self.action.lower(), other.action.lower())
            and _contains(self.resource, other.resource)
        )

    def __str__(self) -> str:
        """Return it as a person says it."""
        said = f"{self.action} on {self.resource}"
        return f"{said} if {self.condition}" if self.condition else said


def grants(documents: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """Return what identity policies say, in their order.

    Args:
        documents: Policies as IAM takes them.
    """
    return [
        Grant(
            action=action,
            resource=resource,
            condition=_canonical(statement.get("Condition")),
            denies=statement.get("Effect") == "Deny",
        )
        for document in documents
        for statement in listed(document.get("Statement"))
        for action in _named(statement, "Action")
        for resource in _named(statement, "Resource")
    ]


def beyond(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """Return what ``after`` allows and ``before`` did not.

    A denial that is gone or narrower is among it, as the denial that it was.
    """
    old, new = list(before), list(after)
    gained = [
        grant for grant in new if not grant.denies and not any(known.covers(grant) for known in old)
    ]
    freed = [grant for grant in old if grant.denies and not any(left.covers(grant) for left in new)]
    return [*dict.fromkeys(gained), *dict.fromkeys(freed)]


def allows(held: Iterable[Grant], action: str, resource: str) -> bool:
    """Say whether something may be done on an exact resource, conditions taken to be met."""
    wanted = Grant(action=action, resource=resource)
    found = [
        grant
        for grant in held
        if _contains(grant.action.lower(), action.lower())
        and _contains(grant.resource, wanted.resource)
    ]
    return bool(found) and not any(grant.denies and not grant.condition for grant in found)


def vault_paths(text: str) -> dict[str, tuple[str, ...]]:
    """Return the capabilities of a Vault policy by path pattern.

    Args:
        text: In HCL or JSON, as Vault takes it ("Policies", Policy syntax).

    Raises:
        ValueError: It is neither.
    """
    if text.lstrip().startswith("{"):
        found = json.loads(text).get("path", {})
        return {path: tuple(rule.get("capabilities", ())) for path, rule in found.items()}
    return dict(_vault_rules(_vault_tokens(text)))


def reads(paths: Mapping[str, Iterable[str]], path: str) -> bool:
    """Say whether a Vault policy lets its holder read credentials at a path.

    Of several patterns the most specific one decides ("Policies", Priority matching).
    """
    fitting = [pattern for pattern in paths if _fits(pattern, path)]
    if not fitting:
        return False
    capabilities = set(paths[max(fitting, key=_priority)])
    return "deny" not in capabilities and bool(capabilities & _READERS)


def listed(value: object) -> list[Any]:
    """Return what IAM takes as one or as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _named(statement: Mapping[str, Any], element: str) -> list[str]:
    if f"Not{element}" in statement:
        left_out = sorted(map(str, listed(statement[f"Not{element}"])))
        return [f"everything but {', '.join(left_out)}"]
    return [str(value) for value in listed(statement.get(element))]


def _canonical(condition: object) -> str:
    return json.dumps(condition, sort_keys=True) if condition else ""


def _contains(pattern: str, text: str) -> bool:
    """Say whether a pattern takes in a text, or another pattern; ``?`` takes in no ``*``."""
    if pattern == text:
        return True
    if pattern.startswith("everything but ") or text.startswith("everything but "):
        return pattern == "*"
    parts = {"*": ".*", "?": "[^*]"}
    expression = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _vault_tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text):
        found = _VAULT_TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"not a Vault policy: {text[at : at + 20]!r}")
        if found.lastgroup != "blank":
            tokens.append(found[0])
        at = found.end()
    return tokens


def _vault_rules(tokens: list[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield each ``path "…" { … }``; what else stands in its braces decides no path."""
    at = 0
    while at < len(tokens):
        if tokens[at].strip('"') != "path" or tokens[at + 2 : at + 3] != ["{"]:
            raise ValueError(f"not a Vault policy: {tokens[at]!r} where a path should begin")
        end, depth = at + 3, 1
        while end < len(tokens) and depth:
            depth += {"{": 1, "}": -1}.get(tokens[end], 0)
            end += 1
        if depth:
            raise ValueError("not a Vault policy: a brace is not closed")
        yield json.loads(tokens[at + 1]), _capabilities(tokens[at + 3 : end - 1])
        at = end


def _capabilities(body: list[str]) -> tuple[str, ...]:
    depths = itertools.accumulate({"{": 1, "}": -1}.get(token, 0) for token in body)
    own = [word for word, depth in zip(body, depths, strict=True) if not depth and word != "}"]
    names = [word.strip('"') for word in own]
    if "capabilities" not in names:
        return ()
    rest = own[names.index("capabilities") :]
    if "[" not in rest or "]" not in rest:
        raise ValueError("not a Vault policy: capabilities must be a list")
    inside = rest[rest.index("[") + 1 : rest.index("]")]
    return tuple(json.loads(token) for token in inside if token.startswith('"'))


def _fits(pattern: str, path: str) -> bool:
    glob = pattern.endswith("*")
    parts = "[^/]+".join(re.escape(part) for part in pattern.removesuffix("*").split("+"))
    return re.fullmatch(parts + (".*" if glob else ""), path) is not None


def _priority(pattern: str) -> tuple[int, bool, int, int, str]:
    wild = [at for at, character in enumerate(pattern) if character in "+*"]
    first = wild[0] if wild else len(pattern) + 1
    return first, not pattern.endswith("*"), -pattern.count("+"), len(pattern), pattern
