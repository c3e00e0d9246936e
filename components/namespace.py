"""A namespace of Vault beside the root one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_vault as vault

from components.dynamic.namespace import (
    NamespaceCheck,
    NamespaceCheckArgs,
    NamespaceGuard,
    NamespaceGuardArgs,
)
from federation import identity

if TYPE_CHECKING:
    from settings import Ownership


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceArgs:
    """Which namespace, and whose it is."""

    address: str
    """Address of Vault."""
    path: str
    """Path of the namespace, without outer slashes; not empty."""
    ownership: Ownership
    """``managed``: the stack makes it, and in the end deletes it. ``existing``: it is there."""
    parent: Namespace | None
    """The namespace around it; ``None`` for the root one, and for one the stack does not use."""


class Namespace(pulumi.ComponentResource):
    """Has a namespace ready for whatever the stack makes in it.

    Type ``vaultwif:vault:Namespace``. Children: ``<name>-namespace-check``, ``<name>-namespace``
    (managed only), ``<name>-namespace-guard`` (managed only). All of it is done from the root
    namespace, whose provider it is given.
    """

    path: str
    """Path of the namespace, as it was declared."""
    there: pulumi.Output[str]
    """The path, known only once the namespace is there."""
    id: pulumi.Output[str]
    """Id that Vault gave the namespace."""

    def __init__(
        self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:vault:Namespace", name, None, opts)
        self.path = args.path
        child = pulumi.ResourceOptions(parent=self)
        around, own_name = identity.parent_namespace(args.path)
        check = NamespaceCheck(
            f"{name}-namespace-check",
            NamespaceCheckArgs(
                address=args.address,
                # An output, so that the check waits for a parent that is still to be made.
                parent=args.parent.there if args.parent else around,
                name=own_name,
                ownership=args.ownership,
            ),
            child,
        )
        within = check.parent.apply(lambda path: path or None)
        if args.ownership == "managed":
            made = vault.Namespace(
                f"{name}-namespace", path=check.name, namespace=within, opts=child
            )
            # Derived from the resource, so that on destroy the namespace outlives what is in it.
            guard = NamespaceGuard(
                f"{name}-namespace-guard",
                NamespaceGuardArgs(address=args.address, namespace=made.path_fq),
                child,
            )
            self.there, self.id = guard.namespace, made.namespace_id
        else:
            found = vault.get_namespace_output(
                # Vault looks for the last part alone, in the namespace around it.
                path=check.name,
                namespace=within,
                opts=pulumi.InvokeOptions(parent=self),
            )
            self.there, self.id = found.path_fq, found.namespace_id
        self.register_outputs({"path": self.there, "id": self.id})
