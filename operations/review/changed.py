"""Which stacks a change of the repository may change, by the files that it touches."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EVERY_STACK = (
    "Pulumi.yaml",
    "__main__.py",
    "clients/",
    "components/",
    "federation/",
    "policies/guardrails/",
    "policies/vault/read-credentials.hcl",
    "requirements.txt",
    "requirements/program.txt",
    "settings/",
)
"""What every stack is made by; a folder ends with a slash."""
_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]+)\.yaml")
_VAULT_POLICY = re.compile(r"policies/vault/([^/]+)\.hcl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Affected:
    """What a change touches."""

    stacks: Mapping[str, tuple[str, ...]]
    """Files that were touched, by the stack that they may change."""
    gone: tuple[str, ...]
    """Stacks whose file was deleted: what is deployed of them stays until they are destroyed."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        files = {stack: list(files) for stack, files in self.stacks.items()}
        return {"stacks": list(self.stacks), "files": files, "gone": list(self.gone)}


def affected(
    touched: Iterable[str] | None, files: Mapping[str, str], *, leave_out: Iterable[str] = ()
) -> Affected:
    """Return which stacks a change may change.

    A stack is named once too often rather than once too seldom: a Vault policy counts as its own if
    any word of its settings is the policy's name.

    Args:
        touched: Paths of the files that are changed, made or deleted, in the project's folder;
            ``None`` where nobody knows, which may be any.
        files: Text of each stack's file after the change, by the file's name.
        leave_out: Stacks that are deployed elsewhere, such as the laboratory's.

    Raises:
        OperationError: a stack's file is no YAML.
    """
    paths = None if touched is None else sorted(set(touched))
    named = {match[1]: text for name, text in files.items() if (match := is_stack_file(name))}
    found: dict[str, tuple[str, ...]] = {}
    for stack, text in sorted(named.items()):
        if stack in leave_out:
            continue
        if paths is None:
            found[stack] = ("every file",)
        elif own := tuple(_own(paths, stack, set(_words(_read(stack, text))))):
            found[stack] = own
    deleted = (match[1] for path in paths or () if (match := is_stack_file(path)))
    gone = tuple(stack for stack in deleted if stack not in named and stack not in leave_out)
    return Affected(stacks=found, gone=gone)


def is_stack_file(path: str) -> re.Match[str] | None:
    """Return the stack whose settings a file holds, as the first group; ``None`` for others."""
    return _STACK_FILE.fullmatch(path)


def _own(paths: Iterable[str], stack: str, words: set[str]) -> Iterator[str]:
    for path in paths:
        policy = _VAULT_POLICY.fullmatch(path)
        if (
            path == f"Pulumi.{stack}.yaml"
            or path in words
            or any(
                path == each or (each[-1] == "/" and path.startswith(each)) for each in EVERY_STACK
            )
            or (policy and policy[1] in words)
        ):
            yield path


def _read(stack: str, text: str) -> Any:  # noqa: ANN401 - YAML of others
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OperationError(f"Pulumi.{stack}.yaml is no YAML: {error}") from None


def _words(value: Any) -> Iterator[str]:  # noqa: ANN401 - YAML of others
    """Yield every text in it; a path as it is without ``./`` and the like."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from _words(entry)
    elif isinstance(value, str):
        yield posixpath.normpath(value)
