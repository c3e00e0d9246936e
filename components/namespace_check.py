"""Whether a namespace is free for this stack to make, or there for it to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ResourceProvider, UpdateResult
from pulumi.runtime import rpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import Ownership


INPUTS = ("address", "parent", "name", "ownership")


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceCheckArgs:
    """What the stack is about to make, or to rely on."""

    address: str
    """Address of Vault."""
    parent: pulumi.Input[str]
    """Path of the namespace around it; empty for the root namespace."""
    name: str
    """Last part of its own path."""
    ownership: Ownership
    """Whether the namespace is the stack's own."""


class _NamespaceCheckProvider(ResourceProvider):
    """Looks in ``check``, the one call that both preview and update make before anything else.

    Vault refuses to make a namespace twice, but only in the middle of an update; and what is done
    in one that does not exist fails anywhere, by words of its own. Module path and class name
    stand in the state: renaming either orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what belongs to others, and what is relied upon but not there."""
        # An unknown arrives as an object: the namespace around is still to be made.
        if not isinstance(news["parent"], str) or news["parent"] == rpc.UNKNOWN:
            return CheckResult({**_asked(news), "parent": rpc.UNKNOWN}, [])
        from clients.vault import VaultError  # noqa: PLC0415 - the program itself never needs it

        try:
            problems = list(_problems(olds, news))
        except VaultError as error:
            problems = [CheckFailure("name", str(error))]
        return CheckResult(_asked(news), problems)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is the stack's own from now on."""
        return CreateResult(f"namespace/{_path(props)}", _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is the stack's own from now on."""
        return UpdateResult(_asked(news))


class NamespaceCheck(pulumi.dynamic.Resource, module="vaultwif", name="NamespaceCheck"):
    """Stands before a namespace, and tells which ownership the settings should declare."""

    parent: pulumi.Output[str]
    """Path of the namespace around it."""
    name: pulumi.Output[str]
    """Last part of its path, known to be this stack's to make or to use."""

    def __init__(
        self, name: str, args: NamespaceCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "address": args.address,
            "parent": args.parent,
            "name": args.name,
            "ownership": args.ownership,
        }
        super().__init__(_NamespaceCheckProvider(), name, props, opts)


def _problems(olds: dict[str, Any], news: dict[str, Any]) -> Iterator[CheckFailure]:
    from clients.vault import Vault  # noqa: PLC0415 - as above

    path, managed = _path(news), news["ownership"] == "managed"
    owned = olds.get("ownership") == "managed" and _path(olds) == path
    if owned and managed:
        return
    if owned:
        yield CheckFailure(
            "name",
            f"the namespace {path} was made by this stack, which would delete it with all that is "
            f"in it at the end of this update: keep vault.namespaces: {{{path}: managed}}; only a "
            "destroyed stack gives it up",
        )
        return
    with Vault(news["address"], news["parent"]) as vault:
        there = vault.has_namespace(news["name"])
    if managed and there:
        yield CheckFailure(
            "name",
            f"the namespace {path} exists already, and not by this stack, which would delete it "
            f"in the end: set vault.namespaces: {{{path}: existing}} to use it",
        )
    if not managed and not there:
        yield CheckFailure(
            "name",
            f"there is no namespace {path}: set vault.namespaces: {{{path}: managed}} to have it "
            "made, or make it first",
        )


def _path(props: dict[str, Any]) -> str:
    return "/".join(part for part in (props["parent"], props["name"]) if part)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
