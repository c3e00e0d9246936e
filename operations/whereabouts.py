"""Which Vault a person means: that of a stack, or that of options and environment."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import Any

from operations import OperationError, deployed, engine

_UNSAID = (
    "say which Vault: set VAULT_ADDR, or give --address, or --stack for that of a deployed stack"
)
_NO_ENGINE = (
    "where Vault is, a stack says by `pulumi`, which is not on PATH. Without it, leave out --stack "
    "(and PULUMI_STACK), and set VAULT_ADDR or give --address"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Whereabouts:
    """A Vault, and what is known of it."""

    address: str
    """``https://host[:port]``."""
    namespace: str
    """That of options and environment; of a stack, what its outputs say counts instead."""
    stack: str = ""
    """Name of the stack; empty where none is meant."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Outputs of the stack."""

    @property
    def owner(self) -> str:
        """What belongs together, in the words of a person."""
        if self.stack:
            return f"the stack {self.stack} at {self.address}"
        return f"{self.address}, namespace {self.namespace or 'root'}"


def whereabouts(stack: str, address: str, namespace: str) -> Whereabouts:
    """Return which Vault is meant.

    A stack that is named counts before everything; else an address, of the option or of
    ``VAULT_ADDR``; else the stack that is selected.

    Args:
        stack: Name of the stack; empty if none is given.
        address: As given by an option; so is the next.
        namespace: Empty for that of ``VAULT_NAMESPACE``.

    Raises:
        OperationError: nothing says which Vault, or both stack and address are given.
        EngineError: there is no such stack, or nothing is deployed.
    """
    if stack and (address or namespace):
        raise OperationError(
            "a stack (--stack, PULUMI_STACK) says where Vault is: leave out address and namespace"
        )
    address = address or ("" if stack else os.environ.get("VAULT_ADDR", ""))
    if address:
        return Whereabouts(
            address=address.rstrip("/"),
            namespace=(namespace or os.environ.get("VAULT_NAMESPACE", "")).strip("/"),
        )
    if not shutil.which("pulumi"):
        raise OperationError(_NO_ENGINE if stack else _UNSAID)
    try:
        meant = engine.selected(stack)
    except engine.EngineError as error:
        raise OperationError(f"{_UNSAID}\n{error}") from error
    found = deployed.read(meant)
    (root,) = (each for each in found.resources if each["type"] == "pulumi:pulumi:Stack")
    return Whereabouts(
        address=found.address, namespace="", stack=meant, outputs=root.get("outputs") or {}
    )
